import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Change, TransferBook } from './transfer-book.ts'
import { isOver } from './transfer-record.ts'
import type { TransferRecord } from './transfer-record.ts'

/** How one attempt ended. `again` waits and tries again; the others are final until a person acts. */
export type Attempt =
  | { state: 'delivered'; also?: Change }
  | { state: 'held' | 'failed'; reason: string; also?: Change }
  | { state: 'again'; reason: string }
  /** Nothing left to do here for now; the other side, or a person, moves it on. */
  | { state: 'waiting'; reason: string; forMs: number }

export type Worker<T extends TransferRecord> = (record: T, signal: AbortSignal) => Promise<Attempt>
export type Workers = { [Kind in TransferRecord['kind']]: Worker<Extract<TransferRecord, { kind: Kind }>> }

/** Codes that another try cannot change. Everything else may pass: a line, a PACS, a disk. */
const finalCodes = new Set([
  'TRANSFER_REFUSED',
  'DIGEST_MISMATCH',
  'MANIFEST_INVALID',
  'STUDY_UNKNOWN',
  'INSTANCE_CONFLICT',
  'RECIPIENT_UNKNOWN',
  'OFFER_REFUSED',
  'PACS_REFUSED',
  'DICOM_UNREADABLE',
  'HEADER_INVALID',
  'HEADER_MISMATCH',
  'SEAL_BROKEN',
  'BLOB_MISSING',
  'OVERLAY_INVALID',
])
const longestPauseMs = 3_600_000
/** A send or arrival that has not got through in a week needs a person. */
const giveUpMs = 7 * 24 * 3_600_000

interface Deps {
  book: TransferBook
  workers: Workers
  clock: Clock
  log: Logger
  /** 0 to 1. */
  random: () => number
}

/** Works off the queue: urgent before routine, then by age; a few at a time; failed ones after a growing pause. */
export class TransferRunner implements Service {
  readonly name = 'transfers'
  readonly #options: { concurrent: number; retryMs: number }
  readonly #deps: Deps
  readonly #running = new Map<string, TransferRecord>()
  readonly #cancels = new Map<string, AbortController>()
  readonly #turns = new Set<Promise<void>>()
  #stopping = new AbortController()
  #timer = new AbortController()
  #stopListening = () => {}

  constructor(options: { concurrent: number; retryMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    await this.#deps.book.load()
    this.#stopListening = this.#deps.book.onWork(() => this.#schedule())
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#timer.abort(new Error('stopping'))
    await Promise.all(this.#turns)
  }

  /** Nobody wants it any more: what runs is cut off, and it ends as failed with this reason. Durable when it resolves. */
  async cancel(id: string, reason: string): Promise<void> {
    await this.#deps.book.change(id, (record) => (isOver(record) ? {} : { state: 'failed', reason }))
    this.#cancels.get(id)?.abort(new Error('cancelled'))
  }

  #schedule(): void {
    if (this.#stopping.signal.aborted) return
    const { book, clock } = this.#deps
    const queued = book.active().filter((record) => isWaiting(record) && !this.#running.has(record.id))
    queued.sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.createdAt - b.createdAt)
    for (const record of queued) {
      if (record.nextTryAt <= clock.now() && this.#hasRoomFor(record)) this.#begin(record)
    }
    const next = Math.min(...queued.map(({ nextTryAt }) => nextTryAt).filter((at) => at > clock.now()))
    if (Number.isFinite(next)) this.#wakeAt(next)
  }

  /**
   * What others bring waits for its own half of the places, and one other hospital never takes more than half of those
   * it could have: however much a peer offers, and however slowly it sends, a retrieval here finds a place.
   */
  #hasRoomFor(record: TransferRecord): boolean {
    const { concurrent } = this.#options
    const running = [...this.#running.values()]
    if (running.length >= concurrent) return false
    const arrivals = running.filter(({ kind }) => kind === 'arrival')
    if (record.kind === 'arrival' && arrivals.length >= Math.max(1, Math.floor(concurrent / 2))) return false
    const sameKindAndPeer = running.filter(
      ({ kind, counterparty }) => kind === record.kind && counterparty.ura === record.counterparty.ura,
    )
    const share = record.kind === 'arrival' ? concurrent / 4 : concurrent / 2
    return sameKindAndPeer.length < Math.max(1, Math.floor(share))
  }

  #begin(record: TransferRecord): void {
    this.#running.set(record.id, record)
    const turn = this.#attempt(record).finally(() => {
      this.#running.delete(record.id)
      this.#turns.delete(turn)
      this.#schedule()
    })
    this.#turns.add(turn)
  }

  #wakeAt(at: number): void {
    this.#timer.abort(new Error('rescheduled'))
    this.#timer = new AbortController()
    this.#deps.clock.sleep(Math.max(at - this.#deps.clock.now(), 10), this.#timer.signal).then(
      () => this.#schedule(),
      () => {},
    )
  }

  async #attempt(queued: TransferRecord): Promise<void> {
    const { book, log } = this.#deps
    try {
      // What came in meanwhile stands: a receipt, or a person who acted.
      const record = await book.change(queued.id, (now) =>
        isWaiting(now) ? { state: 'running', attempts: now.attempts + 1 } : {},
      )
      if (record.state !== 'running') return
      const end = await this.#work(record)
      await this.#conclude(record, end)
    } catch (error) {
      // The book itself failed, most likely a full disk. The record is still queued or running: it is tried again.
      log.error('transfer state not written', { transfer: queued.id, code: codeOf(error) })
      await this.#deps.clock.sleep(this.#options.retryMs, this.#stopping.signal).catch(() => {})
    }
  }

  async #work(record: TransferRecord): Promise<Attempt> {
    const { workers } = this.#deps
    const cancel = new AbortController()
    this.#cancels.set(record.id, cancel)
    const signal = AbortSignal.any([this.#stopping.signal, cancel.signal])
    try {
      switch (record.kind) {
        case 'retrieval':
          return await workers.retrieval(record, signal)
        case 'send':
          return await workers.send(record, signal)
        case 'arrival':
          return await workers.arrival(record, signal)
      }
    } catch (error) {
      const facts = error instanceof Error && 'facts' in error ? (error.facts as { reason?: unknown }) : {}
      const code = codeOf(error)
      // What the holder said is the reason, not that it refused.
      const reason = code === 'TRANSFER_REFUSED' && typeof facts.reason === 'string' ? facts.reason : code
      return finalCodes.has(code) ? { state: 'failed', reason } : { state: 'again', reason }
    } finally {
      this.#cancels.delete(record.id)
    }
  }

  async #conclude(record: TransferRecord, end: Attempt): Promise<void> {
    const { book, log } = this.#deps
    log.info('transfer', {
      transfer: record.id,
      kind: record.kind,
      end: end.state,
      ...('reason' in end ? { reason: end.reason } : {}),
    })
    const change = this.#changeFor(record, end)
    // A receipt may have come in meanwhile and ended it: that stands.
    await book.change(record.id, (now) => (now.state === 'running' ? change : {}))
  }

  #changeFor(record: TransferRecord, end: Attempt): Change {
    const now = this.#deps.clock.now()
    switch (end.state) {
      case 'delivered':
        return { ...end.also, state: 'delivered' }
      case 'held':
        return { ...end.also, state: end.state, reason: end.reason }
      case 'failed':
        return { ...failed(record, end.reason), ...end.also }
      case 'waiting':
        return { state: 'queued', reason: end.reason, nextTryAt: now + end.forMs }
      case 'again':
        if (this.#stopping.signal.aborted) return { state: 'queued', reason: 'RESTART', nextTryAt: now }
        if (now - record.createdAt > giveUpMs) return failed(record, end.reason)
        return { state: 'queued', reason: end.reason, nextTryAt: now + this.#pause(record.attempts) }
    }
  }

  /** Doubles up to an hour, and differs by up to a fifth, so that many do not come back at once. */
  #pause(attempts: number): number {
    const doubled = this.#options.retryMs * 2 ** Math.min(attempts - 1, 20)
    return Math.min(doubled, longestPauseMs) * (0.9 + 0.2 * this.#deps.random())
  }
}

/** A running one that nobody works on is one whose end could not be written down. */
const isWaiting = ({ state }: TransferRecord) => state === 'queued' || state === 'running'

/** The sender must not wait for ever for what a person here has to look at first (spec 05 §5). */
function failed(record: TransferRecord, reason: string): Change {
  return { state: 'failed', reason, ...(record.kind === 'arrival' ? { receiptDue: 'held' } : {}) }
}
