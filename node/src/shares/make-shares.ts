import { Backoff, TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Person } from '../people/people-file.ts'
import type { BroughtPackage, SharePackages } from '../share-package/share-packages.ts'
import type { LinkMailContent, ShareMail } from '../share-messages/link-mail.ts'
import type { MailMessenger } from '../share-messages/messenger.ts'
import { opensFrom } from './held-until.ts'
import { Places } from './places.ts'
import type { ShareBook } from './share-book.ts'
import type { ShareEnds } from './share-ends.ts'
import { withEvent } from './share-record.ts'
import type { ShareRecord } from './share-record.ts'

/** What is known of a share while it is made, and then forgotten: the key stands nowhere else. */
export interface Making {
  readonly id: string
  readonly key: Uint8Array
  readonly url: string
  readonly person: Person
}

interface Deps {
  book: ShareBook
  ends: ShareEnds
  packages: Pick<SharePackages, 'bring' | 'write'>
  mail: Pick<MailMessenger, 'send'> | undefined
  linkMail: (of: LinkMailContent) => ShareMail
  clock: Clock
  random: (bytes: number) => Uint8Array
  log: Logger
}

/** More would wait for hours. */
const mostWaiting = 100
/** Of other hospitals: each waits for one, hardly anything is done here. */
const mostBroughtFromAfar = 8
const mostGatheredHere = 4
const broughtWithinMs = 30 * 60_000
const mailedForMs = 3_600_000
const mailPauses = { firstMs: 5000, mostMs: 10 * 60_000 }

/**
 * Behind the answer: what is to be in a package is brought, several at once; packages are written one after the other; the
 * mail leaves when one is whole. Who waits for another hospital keeps nobody waiting who does not.
 */
export class MakeShares implements Service {
  readonly name = 'share packages'
  readonly #options: { hospital: string; helpPhone: string; reportDelayDays: number }
  readonly #deps: Deps
  readonly #stops = new Map<string, AbortController>()
  readonly #progress = new Map<string, { done: number; total: number }>()
  readonly #mails = new Set<Promise<void>>()
  readonly #under = new Set<Promise<void>>()
  readonly #fromAfar = new Places({ most: mostBroughtFromAfar })
  readonly #here = new Places({ most: mostGatheredHere })
  readonly #writing = new Places({ most: 1 })
  #stopped = new AbortController()

  constructor(options: { hospital: string; helpPhone: string; reportDelayDays: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
    deps.ends.onEnded((id) => this.#stops.get(id)?.abort(new TwiinError('SHARE_OVER')))
  }

  async start(): Promise<void> {
    this.#stopped = new AbortController()
  }

  /** What is not made yet has no key any more: the next start says so. */
  async stop(): Promise<void> {
    this.#stopped.abort(new TwiinError('STOPPED'))
    await this.idle()
  }

  /** Throws `BUSY`. */
  requireRoom(): void {
    if (this.#under.size >= mostWaiting) throw new TwiinError('BUSY')
  }

  begin(making: Making): void {
    const stop = new AbortController()
    this.#stops.set(making.id, stop)
    const signal = AbortSignal.any([stop.signal, this.#stopped.signal])
    const done: Promise<void> = this.#make(making, signal).finally(() => {
      this.#under.delete(done)
      making.key.fill(0)
      this.#progress.delete(making.id)
    })
    this.#under.add(done)
  }

  progressOf({ id, state }: Pick<ShareRecord, 'id' | 'state'>): { done: number; total: number } {
    return this.#progress.get(id) ?? { done: state === 'open' ? 1 : 0, total: 1 }
  }

  /** Everything that was begun is made, or failed, and mailed. */
  async idle(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under)
    while (this.#mails.size > 0) await Promise.all(this.#mails)
  }

  /** Never rejects. */
  async #make({ id, key, url, person }: Making, signal: AbortSignal): Promise<void> {
    const { book, ends, packages, log, clock } = this.#deps
    try {
      const brought = await this.#bring(await book.find(id), person, signal)
      const onProgress = (progress: { done: number; total: number }) => {
        this.#progress.set(id, progress)
        book.tell({ id, state: 'preparing' })
      }
      const { bytes, youngestReport } = await this.#writing.run(() =>
        packages.write(brought, { key, file: ends.fileOf(id), onProgress, signal }),
      )
      const made = await book.change(id, (record) =>
        record.state === 'preparing'
          ? { ...this.#heldBack(record, youngestReport), state: 'open', bytes }
          : record,
      )
      // It ended while the last bytes were written.
      if (made.state !== 'open') await ends.removePackage(id)
      else log.info('share made', { share: id, bytes, ms: clock.now() - made.createdAt })
      if (made.mail === 'waiting' && made.state === 'open') this.#inBackground(this.#mail(made, url, signal))
      else this.#stops.delete(id)
    } catch (error) {
      await this.#failed(id, error)
    }
  }

  /** Throws what bringing throws; `PEER_TIMEOUT`: it was not here in time. */
  #bring(record: ShareRecord, person: Person, signal: AbortSignal): Promise<BroughtPackage> {
    const { packages, clock } = this.#deps
    const places = record.studies.some(({ local }) => !local) ? this.#fromAfar : this.#here
    return places.run(async () => {
      signal.throwIfAborted()
      const [late, here] = [new AbortController(), new AbortController()]
      clock.sleep(broughtWithinMs, here.signal).then(
        () => late.abort(new TwiinError('PEER_TIMEOUT')),
        () => {},
      )
      try {
        return await packages.bring(record.order, person, AbortSignal.any([signal, late.signal]))
      } finally {
        here.abort()
      }
    })
  }

  /** The day of a report at another hospital is known only now that it is here. */
  #heldBack(record: ShareRecord, youngestReport: string): ShareRecord {
    const { discussed, recipient, order, expiresAt } = record
    const of = { discussed, recipient, reports: order.reports }
    const opensAt = opensFrom(record.opensAt, [youngestReport], of, this.#options.reportDelayDays)
    return { ...record, opensAt, expiresAt: expiresAt + opensAt - record.opensAt }
  }

  async #failed(id: string, error: unknown): Promise<void> {
    const { ends, log } = this.#deps
    const reason = codeOf(error)
    this.#stops.delete(id)
    log.warn('share not made', { share: id, code: reason })
    try {
      await ends.removePackage(id)
      // The next start finds it, and says INTERRUPTED.
      if (!this.#stopped.signal.aborted) await ends.end(id, { state: 'failed', reason })
    } catch (cause) {
      log.error('share not written down', { share: id, code: codeOf(cause) })
    }
  }

  #inBackground(work: Promise<void>): void {
    const done: Promise<void> = work.finally(() => this.#mails.delete(done))
    this.#mails.add(done)
  }

  /** Tried for an hour; then the address is forgotten, which only a new link brings back. Never rejects. */
  async #mail(record: ShareRecord, url: string, signal: AbortSignal): Promise<void> {
    const { book, clock, log } = this.#deps
    const { id } = record
    let mail: ShareRecord['mail'] = 'failed'
    try {
      mail = (await this.#send(record, url, signal)) ? 'sent' : 'failed'
    } catch (error) {
      // At a stop it waits no more: the next start says that it failed.
      if (signal.aborted) return
      log.warn('share not mailed', { share: id, code: codeOf(error), reason: reasonOf(error) })
    } finally {
      this.#stops.delete(id)
    }
    const change = (before: ShareRecord) =>
      mail === 'sent'
        ? withEvent({ ...before, mail }, { at: clock.now(), what: 'mailed' })
        : { ...before, mail }
    await book
      .change(id, change)
      .catch((error: unknown) => log.error('share not written down', { share: id, code: codeOf(error) }))
  }

  async #send(record: ShareRecord, url: string, signal: AbortSignal): Promise<boolean> {
    const { mail, linkMail, clock, random, log } = this.#deps
    const { email } = record.recipient
    if (mail === undefined || email === undefined) return false
    const { opensAt, expiresAt, factor, order } = record
    const content = linkMail({
      ...{ url, opensAt, expiresAt, factor: factor.kind, language: order.language },
      ...{ hospital: this.#options.hospital, helpPhone: this.#options.helpPhone },
    })
    const pauses = new Backoff(mailPauses, { random })
    for (const until = clock.now() + mailedForMs; ;) {
      try {
        await mail.send(email, content)
        return true
      } catch (error) {
        const isForGood = reasonOf(error) === 'rejected'
        const pause = pauses.next()
        if (isForGood || clock.now() + pause > until) throw error
        log.info('share not mailed yet', { share: record.id, code: codeOf(error), reason: reasonOf(error) })
        await clock.sleep(pause, signal)
      }
    }
  }
}

/** Why a server did not take it: a word of a closed list, never what it said. */
export const reasonOf = (error: unknown) => (isTwiinError(error) ? error.facts['reason'] : undefined)
