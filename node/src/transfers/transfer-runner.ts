import { codeOf, doubled } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { hasRoom, inOrder } from './lanes.ts'
import { blamedLink, linkOf } from './links.ts'
import type { Links } from './links.ts'
import type { Change, TransferBook } from './transfer-book.ts'
import { isOver, isWaiting } from './transfer-record.ts'
import type { Link, TransferRecord } from './transfer-record.ts'

/** How one attempt ended. `again` waits and tries again; the others are final until a person acts. */
export type Attempt =
  | { state: 'delivered'; also?: Change }
  | { state: 'held' | 'failed' | 'cancelled'; reason: string; also?: Change }
  | {
      state: 'again'
      reason: string
      /** By which it failed; without, it was the transfer's own failure. */
      link?: Link
      /** Another one tries that link already: this one learnt nothing of it. */
      isBehind?: true
      also?: Change
    }
  /** Nothing to do here: the other side, or a person, moves it on. */
  | { state: 'waiting'; reason: string; forMs: number }

export type Worker<T extends TransferRecord> = (record: T, signal: AbortSignal) => Promise<Attempt>
export type Workers = { [Kind in TransferRecord['kind']]: Worker<Extract<TransferRecord, { kind: Kind }>> }

/** Codes that another try cannot change. Everything else may pass: a line, a PACS, a disk. */
const finalCodes = new Set([
  'TRANSFER_REFUSED',
  'SHARING_NOT_SUPPORTED',
  'DIGEST_MISMATCH',
  'MANIFEST_INVALID',
  'STUDY_UNKNOWN',
  'INSTANCE_CONFLICT',
  'RECIPIENT_UNKNOWN',
  'OFFER_REFUSED',
  'PACS_REFUSED',
  'COMMITMENT_FAILED',
  'COMMITMENT_UNSUPPORTED',
  'DICOM_UNREADABLE',
  'HEADER_INVALID',
  'HEADER_MISMATCH',
  'SEAL_BROKEN',
  'BLOB_MISSING',
  'OVERLAY_INVALID',
  'DISC_GONE',
  'DISC_UNREADABLE',
])
const longestPauseMs = 3_600_000
/** A send or arrival that has not got through in a week needs a person. */
const giveUpMs = 7 * 24 * 3_600_000

interface Deps {
  book: TransferBook
  workers: Workers
  links: Links
  clock: Clock
  log: Logger
  /** 0 to 1. */
  random: () => number
}

interface Turn {
  readonly record: TransferRecord
  readonly cut: AbortController
}

/** Works off the queue: in order, a few at a time; over a link that failed only one, failed ones after a growing pause. */
export class TransferRunner implements Service {
  readonly name = 'transfers'
  readonly #options: { concurrent: number; retryMs: number }
  readonly #deps: Deps
  readonly #running = new Map<string, Turn>()
  readonly #turns = new Set<Promise<void>>()
  #stopping = new AbortController()
  #timer = new AbortController()
  #stopListening: (() => void)[] = []

  constructor(options: { concurrent: number; retryMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { book, links } = this.#deps
    this.#stopping = new AbortController()
    await book.load()
    for (const { link, reason, state } of book.active())
      if (link !== undefined && state === 'queued') links.restore(link, reason ?? 'RESTART')
    this.#stopListening = [
      book.onWork(() => {
        this.#cutCancelled()
        this.#schedule()
      }),
      links.onChange(() => this.#schedule()),
    ]
    this.#schedule()
  }

  async stop(): Promise<void> {
    for (const stop of this.#stopListening) stop()
    this.#stopping.abort(new Error('stopping'))
    this.#timer.abort(new Error('stopping'))
    for (const { cut } of this.#running.values()) cut.abort(new Error('stopping'))
    await Promise.all(this.#turns)
  }

  /** Nobody wants it any more: what runs is cut off, and it ends as cancelled with this reason. Durable when it resolves. */
  async cancel(id: string, reason: string): Promise<void> {
    await this.#deps.book.change(id, (record) => (isOver(record) ? {} : { state: 'cancelled', reason }))
  }

  #schedule(): void {
    if (this.#stopping.signal.aborted) return
    const { book, clock } = this.#deps
    const queued = book.active().filter((record) => isWaiting(record) && !this.#running.has(record.id))
    queued.sort(inOrder)
    for (const record of queued) if (this.#isDue(record) && this.#hasRoomFor(record)) this.#begin(record)
    const times = queued.filter(({ id }) => !this.#running.has(id)).map((record) => this.#nextTryAt(record))
    const next = Math.min(...times.filter((at) => at > clock.now()))
    if (Number.isFinite(next)) this.#wakeAt(next)
  }

  #isDue(record: TransferRecord): boolean {
    return (
      this.#nextTryAt(record) <= this.#deps.clock.now() && this.#deps.links.mayTry(linkOf(record), record.id)
    )
  }

  /** What failed by its link waits for that, and is due when it is well again. */
  #nextTryAt(record: TransferRecord): number {
    const open = this.#deps.links.open(linkOf(record))
    if (record.link === undefined) return Math.max(record.nextTryAt, open?.nextTryAt ?? 0)
    return open?.nextTryAt ?? 0
  }

  #hasRoomFor(record: TransferRecord): boolean {
    const running = [...this.#running.values()].map((turn) => turn.record)
    return hasRoom(record, running, this.#options.concurrent)
  }

  #begin(record: TransferRecord): void {
    const turn = { record, cut: new AbortController() }
    this.#running.set(record.id, turn)
    this.#deps.links.enter(linkOf(record), record.id)
    const attempt = this.#attempt(turn).finally(() => {
      this.#running.delete(record.id)
      this.#turns.delete(attempt)
      this.#deps.links.left(record.id)
      this.#schedule()
    })
    this.#turns.add(attempt)
  }

  #cutCancelled(): void {
    for (const [id, { cut }] of this.#running)
      if ((this.#deps.book.working(id)?.state ?? 'cancelled') === 'cancelled')
        cut.abort(new Error('cancelled'))
  }

  #wakeAt(at: number): void {
    this.#timer.abort(new Error('rescheduled'))
    this.#timer = new AbortController()
    this.#deps.clock.sleep(Math.max(at - this.#deps.clock.now(), 10), this.#timer.signal).then(
      () => this.#schedule(),
      () => {},
    )
  }

  async #attempt({ record: queued, cut }: Turn): Promise<void> {
    const { book, log } = this.#deps
    try {
      // What came in meanwhile stands: a receipt, or a person who acted.
      const record = await book.change(queued.id, (now) =>
        isWaiting(now) ? { state: 'running', attempts: now.attempts + 1, undelivered: undefined } : {},
      )
      if (record.state !== 'running') return
      const end = await this.#work(record, cut.signal)
      this.#tellLinks(record, end)
      await this.#conclude(record, end)
    } catch (error) {
      // The book itself failed, most likely a full disk. The record is still queued or running: it is tried again.
      log.error('transfer state not written', { transfer: queued.id, code: codeOf(error) })
      await this.#deps.clock.sleep(this.#options.retryMs, this.#stopping.signal).catch(() => {})
    }
  }

  async #work(record: TransferRecord, signal: AbortSignal): Promise<Attempt> {
    const { workers, links } = this.#deps
    try {
      switch (record.kind) {
        case 'retrieval':
          return await workers.retrieval(record, signal)
        case 'send':
          return await workers.send(record, signal)
        case 'arrival':
          return await workers.arrival(record, signal)
        case 'disc':
          return await workers.disc(record, signal)
      }
    } catch (error) {
      const facts = error instanceof Error && 'facts' in error ? (error.facts as Record<string, unknown>) : {}
      const code = codeOf(error)
      // Another transfer tries the link already.
      if (code === 'LINK_OPEN') {
        const link = facts['link'] as Link
        return { state: 'again', reason: links.open(link)?.reason ?? 'RESTART', link, isBehind: true }
      }
      // What the holder said is the reason, not that it refused.
      const { reason: said, refused, status } = facts
      const reason = code === 'TRANSFER_REFUSED' && typeof said === 'string' ? said : code
      const undelivered =
        typeof refused === 'number'
          ? { instances: refused, ...(typeof status === 'number' ? { status } : {}) }
          : undefined
      // The sender cancelled, or ended it otherwise: nothing is left to collect.
      if (record.kind === 'arrival' && reason === 'PACKAGE_UNKNOWN') return { state: 'cancelled', reason }
      if (finalCodes.has(code)) return { state: 'failed', reason, also: { undelivered } }
      const link = blamedLink(record, code, facts)
      return { state: 'again', reason, also: { undelivered }, ...(link === undefined ? {} : { link }) }
    }
  }

  #tellLinks(record: TransferRecord, end: Attempt): void {
    if (this.#stopping.signal.aborted) return
    const { links } = this.#deps
    if (end.state !== 'again') links.alive(linkOf(record))
    else if (end.link === undefined) {
      // Whoever answered an offer is there, whatever it said.
      if (record.kind === 'send') links.alive(linkOf(record))
    } else if (end.isBehind === undefined) links.failed(end.link, end.reason, record.id)
  }

  async #conclude(record: TransferRecord, end: Attempt): Promise<void> {
    const { book, log } = this.#deps
    log.info('transfer', {
      transfer: record.id,
      kind: record.kind,
      end: end.state,
      ...('reason' in end ? { reason: end.reason } : {}),
    })
    // A receipt may have come in meanwhile and ended it: that stands.
    await book.change(record.id, (now) => (now.state === 'running' ? this.#changeFor(now, end) : {}))
  }

  #changeFor(record: TransferRecord, end: Attempt): Change {
    const now = this.#deps.clock.now()
    switch (end.state) {
      case 'delivered':
        return { ...end.also, link: undefined, state: 'delivered' }
      case 'held':
      case 'cancelled':
        return { ...end.also, link: undefined, state: end.state, reason: end.reason }
      case 'failed':
        return { ...failed(record, end.reason), ...end.also }
      case 'waiting':
        return { state: 'queued', reason: end.reason, nextTryAt: now + end.forMs, link: undefined }
      case 'again':
        if (this.#stopping.signal.aborted) return { state: 'queued', reason: 'RESTART', nextTryAt: now }
        if (now - (record.triedSince ?? record.createdAt) > giveUpMs)
          return { ...failed(record, end.reason), ...end.also }
        return {
          ...end.also,
          state: 'queued',
          reason: end.reason,
          link: end.link,
          nextTryAt: this.#pausedUntil(record, end.link),
        }
    }
  }

  #pausedUntil(record: TransferRecord, link: Link | undefined): number {
    const now = this.#deps.clock.now()
    if (link !== undefined) return this.#deps.links.open(link)?.nextTryAt ?? now
    // Doubles up to an hour, and differs by up to a fifth, so that many do not come back at once.
    const pauseMs = doubled(record.attempts - 1, { firstMs: this.#options.retryMs, mostMs: longestPauseMs })
    return now + pauseMs * (0.9 + 0.2 * this.#deps.random())
  }
}

/** The sender must not wait for ever for what a person here has to look at first (spec 05 §5). */
function failed(record: TransferRecord, reason: string): Change {
  return {
    state: 'failed',
    reason,
    link: undefined,
    ...(record.kind === 'arrival' ? { receiptDue: 'held' } : {}),
  }
}
