import type { HeadReader } from '@twiin/dicom'
import { TwiinError, codeOf, isTwiinError, doubled } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { contradict } from '@twiin/study-store'
import type { InstanceRecord } from '@twiin/study-store'
import type { ArchiveSource, FetchedFacts } from './archive-source.ts'
import type { ArchiveCache, CachedStudy } from './archive-cache.ts'
import type { ArchivedRecord, ArchivedStudies } from './archived-studies.ts'
import { FetchedInstance } from './fetched-instance.ts'
import type { Reception } from './fetched-instance.ts'
import type { Mismatch } from './mismatch-notice.ts'
import { IdleTimer } from './idle-timer.ts'

export interface FetchOnDemandOptions {
  /** Name of the archive, for the origin of its instances. */
  archive: string
  ownIssuer: string
  /** Without progress. */
  timeoutMs: number
}

interface Deps {
  source: ArchiveSource
  studies: ArchivedStudies
  cache: ArchiveCache
  heads: HeadReader
  clock: Clock
  log: Logger
}

const atOnce = 2
const mostWaiting = 64
const tries = 3
const retryMs = 2000

/** Brings a study from the archive when somebody asks for it (spec 18 §5). */
export class FetchOnDemand {
  readonly #options: FetchOnDemandOptions
  readonly #deps: Deps
  readonly #running = new Map<string, Promise<CachedStudy>>()
  readonly #stopping = new AbortController()
  readonly #waiting: (() => void)[] = []
  readonly #listeners = new Set<(mismatch: Mismatch) => Promise<void>>()
  #active = 0

  constructor(options: FetchOnDemandOptions, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** Called, and waited for, before a fetch fails by ARCHIVE_IDENTITY_MISMATCH. Returns the way to stop listening. */
  onMismatch(listener: (mismatch: Mismatch) => Promise<void>): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TwiinError('STOPPED'))
    await Promise.allSettled(this.#running.values())
  }

  /**
   * Its instances, in the order they came. Whoever asks while it is being fetched gets the same. Throws the ARCHIVE_… codes of
   * spec 18 §5, STUDY_UNKNOWN when the archive has it no more, OUT_OF_RESOURCES.
   */
  async instances(studyInstanceUid: string): Promise<readonly InstanceRecord[]> {
    const record = await this.#deps.studies.recordOf(studyInstanceUid)
    if (record === undefined) throw new TwiinError('STUDY_UNKNOWN')
    const cached = this.#deps.cache.get(studyInstanceUid)
    if (cached !== undefined && cached.instances.length >= record.instances) return cached.instances
    const running = this.#running.get(studyInstanceUid)
    if (running !== undefined) return (await running).instances
    const work = this.#inTurn(() => this.#fetch(record)).finally(() => this.#running.delete(studyInstanceUid))
    this.#running.set(studyInstanceUid, work)
    return (await work).instances
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= atOnce) {
      if (this.#waiting.length >= mostWaiting) throw new TwiinError('ARCHIVE_BUSY', { waiting: mostWaiting })
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#active++
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#active--
      else next()
    }
  }

  async #fetch(known: ArchivedRecord): Promise<CachedStudy> {
    const { clock, log } = this.#deps
    const signal = this.#stopping.signal
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const began = clock.now()
      try {
        const record = await this.#asItIsNow(known, signal)
        const study = await this.#fetchOnce(record, signal)
        log.info('study fetched from the archive', {
          instances: study.instances.length,
          ms: clock.now() - began,
        })
        return study
      } catch (error) {
        log.warn('study not fetched from the archive', { code: codeOf(error), attempt })
        const mayPass = isTwiinError(error, 'ARCHIVE_INCOMPLETE', 'ARCHIVE_UNREACHABLE', 'ARCHIVE_BUSY')
        if (!mayPass || attempt >= tries) throw error
        await clock.sleep(doubled(attempt, { firstMs: retryMs }), signal)
      }
    }
  }

  /** The archive is asked first: what is gone or another patient's now is not served as it was known (spec 18 §5). */
  async #asItIsNow(known: ArchivedRecord, signal: AbortSignal): Promise<ArchivedRecord> {
    const { source, studies } = this.#deps
    const { studyInstanceUid } = known
    const answered = await this.#watched(signal, (watch) => source.study(studyInstanceUid, watch))
    if (answered === undefined) {
      await studies.remove(studyInstanceUid)
      throw new TwiinError('STUDY_UNKNOWN')
    }
    if (await studies.isNews(answered)) {
      const study = await this.#watched(signal, (watch) => source.completed(answered, watch))
      await studies.put([{ study, answered }])
    }
    const record = await studies.recordOf(studyInstanceUid)
    if (record === undefined) throw new TwiinError('STUDY_UNKNOWN')
    if (record.patient.localId !== known.patient.localId || contradict(record.patient, known.patient))
      throw new TwiinError('ARCHIVE_CHANGED')
    return record
  }

  async #fetchOnce(record: ArchivedRecord, signal: AbortSignal): Promise<CachedStudy> {
    const { source, studies, cache } = this.#deps
    const { studyInstanceUid } = record
    const reception: Reception = { record, archive: this.#options.archive, instances: new Map() }
    try {
      await this.#watched(signal, (watch, idle) =>
        source.fetch(studyInstanceUid, (facts) => this.#open(facts, reception, idle), watch),
      )
      if (reception.failure !== undefined) throw reception.failure
      const instances = [...reception.instances.values()]
      if (instances.length < record.instances || instances.length === 0)
        throw new TwiinError('ARCHIVE_INCOMPLETE', { came: instances.length, counted: record.instances })
      const study = { studyInstanceUid, instances }
      await cache.put(study)
      const bytes = instances.reduce((sum, { size }) => sum + size, 0)
      await studies.learn(studyInstanceUid, {
        bytes,
        reports: instances.filter(({ isReport }) => isReport).length,
      })
      return study
    } catch (error) {
      for (const { blob, size } of reception.instances.values()) await cache.remove(blob, size)
      await this.#tellMismatch(reception)
      // Why an instance was refused says more than that the archive then gave up.
      throw reception.failure ?? error
    }
  }

  async #tellMismatch({ record, stranger: stated, archive }: Reception): Promise<void> {
    const study = stated && (await this.#deps.studies.studyByHandle(record.handle))
    if (stated === undefined || study === undefined) return
    for (const listener of this.#listeners)
      await listener({ study, stated, archive }).catch((error: unknown) =>
        this.#deps.log.warn('mismatch not told', { code: codeOf(error) }),
      )
  }

  #open(facts: FetchedFacts, reception: Reception, idle: IdleTimer): Promise<FetchedInstance> {
    const { cache, heads, clock } = this.#deps
    const { sopClassUid, sopInstanceUid, transferSyntaxUid } = facts
    return FetchedInstance.open(
      { sopClassUid, sopInstanceUid, transferSyntaxUid },
      { ownIssuer: this.#options.ownIssuer },
      reception,
      { cache, heads, clock, busy: (work) => idle.busy(work) },
    )
  }

  async #watched<T>(
    signal: AbortSignal,
    work: (watch: AbortSignal, idle: IdleTimer) => Promise<T>,
  ): Promise<T> {
    const idle = new IdleTimer({ ms: this.#options.timeoutMs }, { clock: this.#deps.clock })
    try {
      return await work(AbortSignal.any([signal, idle.signal]), idle)
    } finally {
      idle.stop()
    }
  }
}
