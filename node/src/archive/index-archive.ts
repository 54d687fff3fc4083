import { Backoff, codeOf, isTwiinError, TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository } from '@twiin/store'
import type { ArchiveSource, DateWindow } from './archive-source.ts'
import type { ArchiveStudy } from './archive-study.ts'
import type { ArchivedStudies, Counts } from './archived-studies.ts'
import { partsOf, windowOf, yearsBack } from './date-windows.ts'
import type { WindowName } from './date-windows.ts'
import type { Pace } from './pace.ts'

export interface IndexArchiveOptions {
  /** `YYYY-MM-DD`: study dates before it are not asked for. */
  from: string
  recentDays: number
  recentMs: number
  /** From the beginning of one pass to that of the next. */
  passMs: number
  /** Default 2000. */
  mostPerWindow?: number
}

/** What stands in the database between two windows. */
export type PassRecord =
  /** Where the pass over everything is: windows that begin at `done` or later are behind it. */
  | { kind: 'pass'; startedAt: number; endedAt?: number; done?: string; counts: Counts }
  | { kind: 'window'; split: boolean; /** It came back empty once, at this time. */ emptyAt?: number }

export interface ArchiveStatus {
  /** The last question went wrong so; undefined when it did not. */
  failure?: string
  pass?: Extract<PassRecord, { kind: 'pass' }>
}

interface Deps {
  source: ArchiveSource
  studies: ArchivedStudies
  passes: Repository<PassRecord>
  pace: Pace
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

const mostPerDay = 50_000
const batchSize = 50
/** Questions after one instance, beside each other. */
const completedAtOnce = 4
/** An empty window that held so many is not believed at once (spec 18 §3). */
const suspicious = 20
const passKey = 'full'

/** Keeps what this node knows of the archive in step with it: window by window, politely, for ever. */
export class IndexArchive implements Service {
  readonly name = 'archive index'
  readonly #options: Required<IndexArchiveOptions>
  readonly #deps: Deps
  readonly #backoff: Backoff
  readonly #passed = new Set<(counts: Counts) => void>()
  #stopping = new AbortController()
  #done: Promise<void> = Promise.resolve()
  #recentAt = 0
  #wanted = false
  #awake = new AbortController()
  #failure: string | undefined

  constructor(options: IndexArchiveOptions, deps: Deps) {
    this.#options = { mostPerWindow: 2000, ...options }
    this.#deps = deps
    this.#backoff = new Backoff({ firstMs: 5000, mostMs: 15 * 60_000 }, deps)
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#done
  }

  async status(): Promise<ArchiveStatus> {
    const pass = await this.#deps.passes.get(passKey)
    return {
      ...(pass?.kind === 'pass' ? { pass } : {}),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    }
  }

  /** Called when a pass over everything has ended. Returns the way to stop listening. */
  onPassed(listener: (counts: Counts) => void): () => void {
    this.#passed.add(listener)
    return () => void this.#passed.delete(listener)
  }

  /** A new pass over everything begins now, or after the one that is going on. */
  lookNow(): void {
    this.#wanted = true
    this.#awake.abort()
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      let pauseMs: number
      try {
        pauseMs = await this.#turn(signal)
        this.#failure = undefined
        this.#backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        this.#failure = codeOf(error)
        pauseMs = this.#backoff.next()
        log.warn('archive not asked further', { code: this.#failure, pauseMs: Math.round(pauseMs) })
      }
      if (pauseMs > 0)
        await clock.sleep(pauseMs, AbortSignal.any([signal, this.#awake.signal])).catch(() => {})
      this.#awake = new AbortController()
    }
  }

  /** One window, or nothing; how long to wait before the next. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { clock } = this.#deps
    const { recentMs, passMs } = this.#options
    const now = clock.now()
    const pass = await this.#currentPass(now)
    if (pass.endedAt !== undefined && now - this.#recentAt >= recentMs) {
      await this.#recent(signal)
      this.#recentAt = now
      return 0
    }
    if (pass.endedAt !== undefined)
      return Math.max(1, Math.min(this.#recentAt + recentMs, pass.startedAt + passMs) - now)
    if (this.#recentAt === 0) this.#recentAt = now
    await this.#onePartOf(pass, signal)
    return 0
  }

  async #currentPass(now: number): Promise<Extract<PassRecord, { kind: 'pass' }>> {
    const pass = await this.#deps.passes.get(passKey)
    if (pass?.kind === 'pass') {
      const isDue = this.#wanted || now - pass.startedAt >= this.#options.passMs
      if (pass.endedAt === undefined || !isDue) return pass
    }
    this.#wanted = false
    const begun = { kind: 'pass', startedAt: now, counts: noCounts() } as const
    await this.#deps.passes.put(passKey, begun)
    return begun
  }

  /** The next window of the pass; and between two of them the recent days, when it is their time. */
  async #onePartOf(pass: Extract<PassRecord, { kind: 'pass' }>, signal: AbortSignal): Promise<void> {
    const { passes, clock, log, studies } = this.#deps
    const counts = { ...pass.counts }
    for await (const name of this.#leaves()) {
      const window = windowOf(name)
      if (pass.done !== undefined && window.from >= pass.done) continue
      if (!(await this.#look(name, counts, signal))) return
      await passes.put(passKey, { ...pass, done: window.from, counts })
      if (clock.now() - this.#recentAt >= this.#options.recentMs) {
        await this.#recent(signal)
        this.#recentAt = clock.now()
      }
      return
    }
    await studies.forget()
    await passes.put(passKey, { ...pass, counts, endedAt: clock.now() })
    log.info('archive indexed', { ...counts, seconds: Math.round((clock.now() - pass.startedAt) / 1000) })
    for (const listener of this.#passed) listener(counts)
  }

  async #recent(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    for (let back = 0; back < this.#options.recentDays; back++)
      await this.#look(
        new Date(clock.now() - back * 24 * 3_600_000).toISOString().slice(0, 10),
        noCounts(),
        signal,
      )
  }

  /** What is asked for in one question each, newest first. */
  async *#leaves(): AsyncGenerator<WindowName> {
    const today = new Date(this.#deps.clock.now()).toISOString().slice(0, 10)
    const pending = yearsBack(today, this.#options.from).reverse()
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const known = await this.#deps.passes.get(name)
      if (known?.kind === 'window' && known.split) pending.push(...partsOf(name).reverse())
      else yield name
    }
  }

  /** Asks for one window and takes over what differs. False: it was too large, and is asked for in parts from now on. */
  async #look(name: WindowName, counts: Counts, signal: AbortSignal): Promise<boolean> {
    const { source, passes, log } = this.#deps
    const window = this.#clip(windowOf(name))
    if (window === undefined) return true
    const seen = new Set<string>()
    const most = name.length === 10 ? mostPerDay : this.#options.mostPerWindow
    try {
      let batch: ArchiveStudy[] = []
      for await (const study of source.studies(window, signal)) {
        if (seen.has(study.studyInstanceUid)) continue
        seen.add(study.studyInstanceUid)
        if (seen.size > most) throw new TwiinError('ARCHIVE_TOO_MANY', { answers: seen.size })
        batch.push(study)
        if (batch.length < batchSize) continue
        await this.#takeOver(batch, counts, signal)
        batch = []
      }
      await this.#takeOver(batch, counts, signal)
    } catch (error) {
      // A refusal of a whole window may be one because of its size; of a day it is not.
      const tooLarge = isTwiinError(error, 'ARCHIVE_TOO_MANY') || isRefusedForSize(error)
      if (!tooLarge || (name.length === 10 && isRefusedForSize(error))) throw error
      if (name.length === 10) {
        // More in a day than any hospital makes: the pass does not wait for it.
        log.error('archive window too large', { window: name })
        return true
      }
      log.info('archive window split', { window: name, code: codeOf(error) })
      await passes.put(name, { kind: 'window', split: true })
      return false
    }
    await this.#removeUnseen(name, window, { seen, counts }, signal)
    return true
  }

  async #takeOver(batch: readonly ArchiveStudy[], counts: Counts, signal: AbortSignal): Promise<void> {
    const { source, studies, pace } = this.#deps
    const news: ArchiveStudy[] = []
    for (const study of batch) if (await studies.isNews(study)) news.push(study)
    const completed: { study: ArchiveStudy; answered: ArchiveStudy }[] = []
    const work = news.values()
    const one = async () => {
      for (const answered of work)
        completed.push({ study: await source.completed(answered, signal), answered })
    }
    await Promise.all(Array.from({ length: completedAtOnce }, one))
    add(counts, { ...(await studies.put(completed)), unchanged: batch.length - news.length })
    await pace.after(batch.length, signal)
  }

  async #removeUnseen(
    name: WindowName,
    window: DateWindow,
    { seen, counts }: { seen: ReadonlySet<string>; counts: Counts },
    signal: AbortSignal,
  ): Promise<void> {
    const { source, studies, passes, clock, log } = this.#deps
    const unseen: string[] = []
    for await (const { studyInstanceUid } of studies.inWindow(window))
      if (!seen.has(studyInstanceUid)) unseen.push(studyInstanceUid)
    const known = await passes.get(name)
    const emptyAt = known?.kind === 'window' ? known.emptyAt : undefined
    if (seen.size === 0 && unseen.length >= suspicious && emptyAt === undefined) {
      log.error('archive window came back empty', { window: name, studies: unseen.length })
      await passes.put(name, { kind: 'window', split: false, emptyAt: clock.now() })
      return
    }
    for (const uid of unseen) {
      // It may only have been left out: paging while others come and go.
      const there = await source.study(uid, signal)
      if (there === undefined) {
        if (await studies.remove(uid)) counts.removed++
      } else if (await studies.isNews(there)) {
        add(counts, await studies.put([{ study: await source.completed(there, signal), answered: there }]))
      }
      await this.#deps.pace.after(1, signal)
    }
    if (emptyAt !== undefined) await passes.delete(name)
  }

  #clip({ from, until }: DateWindow): DateWindow | undefined {
    const first = this.#options.from
    return until < first ? undefined : { from: from < first ? first : from, until }
  }
}

/** A700 out of resources (PS3.4 C.4.1.1.4). */
function isRefusedForSize(error: unknown): boolean {
  return isTwiinError(error, 'ARCHIVE_BUSY') && error.facts['status'] === 0xa700
}

const noCounts = (): Counts => ({ unchanged: 0, new: 0, grown: 0, changed: 0, removed: 0 })

function add(to: Counts, more: Counts): void {
  for (const key of Object.keys(to) as (keyof Counts)[]) to[key] += more[key]
}
