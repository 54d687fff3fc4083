import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, receipt, sendAnswer, sendRequest } from '@twiin/protocol'
import type { Signer } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Change, TransferBook } from '../transfers/transfer-book.ts'
import type { Arrival, TransferRecord } from '../transfers/transfer-record.ts'

interface Deps {
  book: TransferBook
  host: PeerHost
  signer: Signer<'twiin/receipt/v1'>
  clock: Clock
  log: Logger
}

/** Tells senders what became of what they sent, until they have noted it (spec 05 §5). */
export class Receipts {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** One round over all that are due; resolves to how many are still due. Run in a loop by the composition root. */
  async sendDue(): Promise<number> {
    const due = this.#deps.book
      .active()
      .filter((record): record is Arrival => record.kind === 'arrival' && record.receiptDue !== undefined)
    const outcomes = await Promise.all(due.map((arrival) => this.#tell(arrival)))
    return outcomes.filter((told) => !told).length
  }

  async #tell(arrival: Arrival): Promise<boolean> {
    const { book, host, log } = this.#deps
    const state = arrival.receiptDue
    if (state === undefined) return true
    try {
      const message = sendRequest.encode({ kind: 'receipt', signed: this.#receipt(arrival, state) })
      const bytes = await host.ask(arrival.counterparty.peerId, protocolIds.send, message, {
        maxAnswerBytes: limits.sendAnswerBytes,
        timeoutMs: 10_000,
      })
      const answer = sendAnswer.decode(bytes)
      // A sender that does not know the package never will; asking for ever would not help it.
      if (answer.kind === 'refused')
        log.warn('receipt refused', { transfer: arrival.id, reason: answer.reason })
      await book.change(arrival.id, (now) => withoutDue(now, state))
      return true
    } catch (error) {
      log.debug('receipt not delivered yet', { transfer: arrival.id, code: codeOf(error) })
      return false
    }
  }

  #receipt(arrival: Arrival, state: 'delivered' | 'held' | 'rejected'): Uint8Array {
    return receipt.sign(
      {
        kind: 'receipt',
        package: Buffer.from(arrival.id, 'hex'),
        sender: arrival.counterparty.peerId,
        recipient: this.#deps.host.peerId,
        issuedAt: this.#deps.clock.now(),
        state,
        manifests: Object.values(arrival.manifests),
        instances: arrival.instances.done,
        ...(state === 'held' ? { reason: 'PATIENT_CONFLICT' } : {}),
      },
      this.#deps.signer,
    ).bytes
  }
}

/** What became due meanwhile (held, then delivered) stays due. */
function withoutDue(now: TransferRecord, told: string): Change {
  return now.kind === 'arrival' && now.receiptDue === told ? { receiptDue: undefined } : {}
}
