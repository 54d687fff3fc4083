import type { PeerHost } from '@twiin/network'
import { limits, protocolIds, receipt, sendAnswer, sendRequest } from '@twiin/protocol'
import type { Signer } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { reached } from '../transfers/hops.ts'
import type { Change, TransferBook } from '../transfers/transfer-book.ts'
import type { Arrival, TransferRecord } from '../transfers/transfer-record.ts'

interface Deps {
  book: TransferBook
  host: PeerHost
  signer: Signer<'twiin/receipt/v1'>
  clock: Clock
  log: Logger
}

/** Tells senders what became of what they sent, at once and again until they have noted it (spec 05 §5). */
export class Receipts implements Service {
  readonly name = 'receipts'
  readonly #retryMs: number
  readonly #deps: Deps
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()
  #stopListening = () => {}

  constructor(options: { retryMs: number }, deps: Deps) {
    this.#retryMs = options.retryMs
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#stopListening = this.#deps.book.onWork(() => this.#due().length > 0 && this.#wake.resolve())
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      // One after the other for each sender, until one does not get through: who is away is asked once a round.
      const bySender = Map.groupBy(this.#due(), ({ counterparty }) => counterparty.peerId)
      const told = await Promise.all([...bySender.values()].map((arrivals) => this.#tellAll(arrivals)))
      if (told.includes(false)) await this.#deps.clock.sleep(this.#retryMs, signal).catch(() => {})
      else if (this.#due().length === 0) await this.#wake.promise
    }
  }

  #due(): Arrival[] {
    return this.#deps.book
      .active()
      .filter((record): record is Arrival => record.kind === 'arrival' && record.receiptDue !== undefined)
  }

  async #tellAll(arrivals: readonly Arrival[]): Promise<boolean> {
    for (const arrival of arrivals) if (!(await this.#tell(arrival))) return false
    return true
  }

  async #tell(arrival: Arrival): Promise<boolean> {
    const { book, host, log } = this.#deps
    const state = arrival.receiptDue
    if (state === undefined) return true
    try {
      const signed = this.#receipt(arrival, state)
      const message = sendRequest.encode({ kind: 'receipt', signed })
      const bytes = await host.ask(arrival.counterparty.peerId, protocolIds.send, message, {
        maxAnswerBytes: limits.sendAnswerBytes,
        timeoutMs: 10_000,
      })
      const answer = sendAnswer.decode(bytes)
      // A sender that does not know the package never will; asking for ever would not help it.
      if (answer.kind === 'refused')
        log.warn('receipt refused', { transfer: arrival.id, reason: answer.reason })
      await book.change(arrival.id, (now) => withoutDue(now, state, signed, this.#deps.clock.now()))
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
        ...(state === 'held' ? { reason: codeFor(arrival) } : {}),
        ...(arrival.state === 'cancelled' ? { reason: 'CANCELLED_BY_RECIPIENT' } : {}),
      },
      this.#deps.signer,
    ).bytes
  }
}

/** What became due meanwhile (held, then delivered) stays due. */
function withoutDue(record: TransferRecord, told: string, receipt: Uint8Array, now: number): Change {
  if (record.kind !== 'arrival' || record.receiptDue !== told) return {}
  return { receiptDue: undefined, receipt, ...(told === 'held' ? {} : reached(record, 'receipt', now)) }
}

/** Why a person here has to look at it. */
const codeFor = ({ state, reason }: Arrival) =>
  (state === 'held' || state === 'failed') && /^[A-Z][A-Z0-9_]{2,40}$/.test(reason ?? '')
    ? (reason ?? '')
    : 'PATIENT_CONFLICT'
