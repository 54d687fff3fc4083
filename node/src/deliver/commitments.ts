import { openAssociation, storageCommitmentPush, transferSyntax } from '@twiin/dimse'
import type { Association, CommitmentResult, SopReference } from '@twiin/dimse'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Pacs } from './pacs.ts'

/** How long the association stays open for a result: some archives answer on it, others on one of their own. */
const heldOpenMs = 5000

interface Deps {
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
}

/**
 * Asks the PACS whether it keeps what it took (PS3.4 annex J). In memory: after a crash, or a result that never came, it
 * is asked again, under another transaction.
 */
export class Commitments {
  readonly #options: { pacs: Pacs; waitMs: number }
  readonly #deps: Deps
  readonly #asked = new Map<string, (result: CommitmentResult) => void>()

  constructor(options: { pacs: Pacs; waitMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /**
   * Of what was asked, and nothing else: what stands in both lists failed, what the result does not name is in neither.
   * Throws `COMMITMENT_PENDING` when no result came in time, `COMMITMENT_UNSUPPORTED` when the PACS does not speak it, and
   * the codes of packages/dimse.
   */
  async ask(references: readonly SopReference[], signal: AbortSignal): Promise<CommitmentResult> {
    const { clock, log } = this.#deps
    const transactionUid = this.#newUid()
    const { promise, resolve } = Promise.withResolvers<CommitmentResult>()
    this.#asked.set(transactionUid, resolve)
    const timer = new AbortController()
    const stop = () => timer.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    const after = (ms: number) => clock.sleep(ms, timer.signal).then(() => undefined)
    try {
      const association = await this.#associate(signal)
      let result: CommitmentResult | undefined
      try {
        const { status } = await association.requestCommitment({ transactionUid, references })
        if (status !== 0) throw new TwiinError('COMMITMENT_PENDING', { status })
        result = await Promise.race([promise, after(Math.min(heldOpenMs, this.#options.waitMs))])
        await association.release()
      } finally {
        await association[Symbol.asyncDispose]()
      }
      const left = this.#options.waitMs - heldOpenMs
      if (result === undefined && left > 0) result = await Promise.race([promise, after(left)])
      if (result === undefined) throw new TwiinError('COMMITMENT_PENDING')
      const named = onlyThose(references, result)
      log.info('commitment', { committed: named.committed.length, failed: named.failed.length })
      return named
    } finally {
      this.#asked.delete(transactionUid)
      signal.removeEventListener('abort', stop)
      timer.abort(new Error('over'))
    }
  }

  /** A result came in, on whatever association. One that nobody waits for any more says nothing. */
  async committed(result: CommitmentResult): Promise<void> {
    this.#asked.get(result.transactionUid)?.(result)
  }

  async #associate(signal: AbortSignal): Promise<Association> {
    const { host, port, aeTitle, callingAeTitle, tls } = this.#options.pacs
    const contexts = [
      {
        abstractSyntax: storageCommitmentPush,
        transferSyntaxes: [transferSyntax.implicitVrLittleEndian],
      },
    ]
    const association = await openAssociation(
      {
        ...{ host, port, callingAe: callingAeTitle, calledAe: aeTitle, contexts, signal },
        ...(tls && { tls: tls() }),
      },
      { log: this.#deps.log, committed: (report) => this.committed(report) },
    )
    if (association.accepts(storageCommitmentPush, transferSyntax.implicitVrLittleEndian)) return association
    await association.release()
    throw new TwiinError('COMMITMENT_UNSUPPORTED')
  }

  /** PS3.5 annex B.2: 2.25 and a random number. */
  #newUid(): string {
    const bytes = Buffer.from(this.#deps.random(16))
    return `2.25.${BigInt(`0x${bytes.toString('hex')}`)}`.slice(0, 64)
  }
}

function onlyThose(asked: readonly SopReference[], result: CommitmentResult): CommitmentResult {
  const uids = new Set(asked.map(({ sopInstanceUid }) => sopInstanceUid))
  const failed = result.failed.filter(({ sopInstanceUid }) => uids.has(sopInstanceUid))
  for (const { sopInstanceUid } of failed) uids.delete(sopInstanceUid)
  // Named twice is committed once.
  const committed = result.committed.filter(({ sopInstanceUid }) => uids.delete(sopInstanceUid))
  return { transactionUid: result.transactionUid, committed, failed }
}
