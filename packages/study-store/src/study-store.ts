import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { DiskReserve, Repository, Sealer, Store } from '@twiin/store'
import type { Arrival, StoredStudy } from './arrival.ts'
import { Catalogue, instanceKey, ownedKey } from './catalogue.ts'
import { Reception } from './incoming-instance.ts'
import type { Committed, IncomingFacts, IncomingInstance } from './incoming-instance.ts'
import { InstanceFiles } from './instance-files.ts'
import { toLocalPatient } from './patient-facts.ts'
import { visible } from './rejected.ts'
import type {
  InstanceRecord,
  LocalPatient,
  Owner,
  QuarantinedInstance,
  Rejection,
  SeriesRecord,
  StudyChange,
  StudyRecord,
} from './records.ts'

export interface StudyStoreDeps {
  /** Started before this one. */
  store: Store
  sealer: Sealer
  reserve: DiskReserve
  clock: Clock
  log: Logger
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}

/** One write hides so many at the most. */
const rejectedAtOnce = 200

/** Whether what was taken back is wanted too. */
interface Hidden {
  rejected?: boolean
}

/** How often interrupted receptions that nobody continues are looked for. */
const sweepMs = 3_600_000

/** The hospital's holdings: every instance exactly as received, and the catalogue over them. */
export class StudyStore implements Service {
  readonly name = 'study-store'
  readonly #deps: StudyStoreDeps
  readonly #files: InstanceFiles
  readonly #catalogue: Catalogue
  readonly #open = new Set<Reception>()
  readonly #resuming = new Set<string>()
  readonly #listeners = new Set<(change: StudyChange) => void>()

  readonly #stopped = new AbortController()
  #indexing = Promise.resolve()

  /** `partialQuotaBytes`: of the interrupted receptions of one hospital. */
  constructor(options: { dir: string; partialQuotaBytes?: number }, deps: StudyStoreDeps) {
    this.#deps = deps
    this.#files = new InstanceFiles(options, deps)
    this.#catalogue = new Catalogue({ ...deps, newHandle: (now) => newHandle(now, deps.random) })
  }

  async start(): Promise<void> {
    await this.#files.prepare()
    const swept = await this.#files.sweep((blob) => this.#catalogue.blobs.has(blob), this.#deps.clock.now())
    this.#deps.log.info('study-store-swept', { ...swept })
    void this.#sweepPartials(this.#stopped.signal)
    this.#indexing = this.#catalogue
      .indexOlderRecords(this.#stopped.signal)
      .catch((error: unknown) => this.#deps.log.error('records not indexed', { code: codeOf(error) }))
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new TwiinError('STOPPED'))
    await Promise.allSettled([...this.#open].map((reception) => reception.suspend()))
    await this.#indexing
  }

  /** @throws TwiinError OUT_OF_RESOURCES; RECEPTION_BUSY when `resumeAs` is being received already */
  async openIncoming(facts: IncomingFacts): Promise<IncomingInstance> {
    const { resumeAs } = facts
    if (resumeAs !== undefined) {
      if (this.#resuming.has(resumeAs)) throw new TwiinError('RECEPTION_BUSY')
      this.#resuming.add(resumeAs)
    }
    const free = () => resumeAs !== undefined && this.#resuming.delete(resumeAs)
    try {
      const reception = await Reception.open(facts, {
        ...this.#deps,
        files: this.#files,
        catalogue: (arrival) => this.#add(arrival),
        onClosed: (closed) => {
          this.#open.delete(closed)
          free()
        },
      })
      this.#open.add(reception)
      return reception
    } catch (error) {
      free()
      throw error
    }
  }

  /** Studies in order of arrival. `after` is a handle. */
  async *studies(
    range: { after?: string; limit?: number; reverse?: boolean } = {},
  ): AsyncGenerator<StudyRecord> {
    for await (const [, study] of this.#catalogue.studies.entries(range))
      if (isThere(study)) yield this.#view(study)
  }

  /** This hospital's own study, unless another owner's copy is asked for. */
  async studyByUid(
    studyInstanceUid: string,
    owner: Owner = 'local',
    { rejected = false }: Hidden = {},
  ): Promise<StudyRecord | undefined> {
    const handle = await this.#catalogue.studyByUid.get(ownedKey(owner, studyInstanceUid))
    const study = handle === undefined ? undefined : await this.studyByHandle(handle)
    return rejected || (study?.instances ?? 0) > 0 ? study : undefined
  }

  /** All copies of a study: this hospital's own first, then the others' in order of arrival. */
  async copiesOf(studyInstanceUid: string, { rejected = false }: Hidden = {}): Promise<StudyRecord[]> {
    const prefix = `${this.#catalogue.copiesKey(studyInstanceUid)}/`
    const [own, others]: [StudyRecord[], StudyRecord[]] = [[], []]
    for await (const [key] of this.#catalogue.copiesOfStudy.entries({ prefix })) {
      const study = await this.studyByHandle(key.slice(prefix.length))
      if (study !== undefined && (rejected || study.instances > 0))
        (study.origin.kind === 'local' ? own : others).push(study)
    }
    return [...own, ...others]
  }

  /** What another hospital named of it is all here. Durable when it resolves. Throws `STUDY_UNKNOWN`. */
  markWhole(studyInstanceUid: string, owner: Owner): Promise<void> {
    return this.#catalogue.markWhole(studyInstanceUid, owner)
  }

  /**
   * Hides instances of one owner's study that were taken back, now or when they arrive: nothing here lists, counts or
   * gives them any more, unless asked for by `rejected`. A study of which nothing is left is in no list either. Bytes are
   * kept. Durable when it resolves, to how many were seen until now.
   */
  async reject(
    study: { studyInstanceUid: string; owner: Owner },
    sopInstanceUids: readonly string[],
    why: Rejection,
  ): Promise<number> {
    let hidden = 0
    for (let at = 0; at < sopInstanceUids.length; at += rejectedAtOnce)
      hidden += await this.#catalogue.reject(study, sopInstanceUids.slice(at, at + rejectedAtOnce), why)
    const handle = await this.#catalogue.studyByUid.get(ownedKey(study.owner, study.studyInstanceUid))
    if (hidden > 0 && handle !== undefined) this.#tell({ handle, what: 'rejected' })
    return hidden
  }

  /** Also one of which nothing is left: its numbers are 0 then. */
  async studyByHandle(handle: string): Promise<StudyRecord | undefined> {
    const study = await this.#catalogue.studies.get(handle)
    return study && this.#view(study)
  }

  async *series(handle: string): AsyncGenerator<SeriesRecord> {
    for await (const [, series] of this.#catalogue.series.entries({ prefix: `${handle}/` }))
      if (series.instances > 0) yield series
  }

  /** In order of arrival; `skip`: without the first so many, hidden ones counted. */
  async *instances(
    handle: string,
    { skip = 0, rejected = false }: Hidden & { skip?: number } = {},
  ): AsyncGenerator<InstanceRecord> {
    const prefix = `${handle}/`
    const range = skip === 0 ? { prefix } : { prefix, after: instanceKey(handle, skip - 1) }
    for await (const [, record] of this.#catalogue.instances.entries(range))
      if (rejected || record.rejected === undefined) yield record
  }

  /** This hospital's own instance, unless another owner's copy is asked for. */
  async instanceByUid(
    sopInstanceUid: string,
    owner: Owner = 'local',
    { rejected = false }: Hidden = {},
  ): Promise<InstanceRecord | undefined> {
    const key = await this.#catalogue.instanceByUid.get(ownedKey(owner, sopInstanceUid))
    const instance = key === undefined ? undefined : await this.#catalogue.instances.get(key)
    return rejected || instance?.rejected === undefined ? instance : undefined
  }

  /**
   * The data set's bytes, each chunk authenticated before it is handed out.
   * @throws TwiinError SEAL_BROKEN, BLOB_MISSING, RANGE_INVALID
   */
  async *readDataSet(
    instance: { blob: string; size: number },
    range: { offset?: number; length?: number } = {},
  ): AsyncGenerator<Buffer> {
    const reader = await this.#files.open(instance.blob)
    try {
      if (reader.length !== instance.size) throw new TwiinError('SEAL_BROKEN', { blob: instance.blob })
      yield* reader.stream(range)
    } finally {
      await reader.close()
    }
  }

  /** Studies that this hospital's own machines made under one of its own patient numbers. */
  async *studiesOfPatient(patient: { localId: string; issuer: string }): AsyncGenerator<StudyRecord> {
    for await (const handle of this.#handlesOfPatient(this.#catalogue.patientKey(patient))) {
      const study = await this.studyByHandle(handle)
      if (study !== undefined && study.instances > 0) yield study
    }
  }

  /** Studies made here with an instance that states this citizen number. */
  studiesWithCitizenNumber(citizenNumber: string): AsyncGenerator<StudyRecord> {
    return this.#listed(this.#catalogue.studiesOfCitizen, this.#catalogue.citizenKey(citizenNumber))
  }

  /** Studies made here under this accession number. */
  studiesWithAccession(accessionNumber: string): AsyncGenerator<StudyRecord> {
    return this.#listed(this.#catalogue.studiesOfAccession, this.#catalogue.accessionKey(accessionNumber))
  }

  /** Studies made here on this day (`YYYY-MM-DD`). */
  studiesOnDay(date: string): AsyncGenerator<StudyRecord> {
    return this.#listed(this.#catalogue.studiesOfDay, this.#catalogue.dayKey(date))
  }

  /** The studies whose handles stand under `<key>/` in an index. */
  async *#listed(index: Repository<true>, key: string): AsyncGenerator<StudyRecord> {
    for await (const [entry] of index.entries({ prefix: `${key}/` })) {
      const study = await this.studyByHandle(entry.slice(key.length + 1))
      if (study !== undefined && study.instances > 0) yield study
    }
  }

  async patientByNumber(localId: string, issuer: string): Promise<LocalPatient | undefined> {
    const patient = await this.#catalogue.patients.get(this.#catalogue.patientKey({ localId, issuer }))
    return patient && toLocalPatient(patient)
  }

  /** More than one: a person with several local numbers, or a number wrongly given to two. */
  async patientsByCitizenNumber(citizenNumber: string): Promise<LocalPatient[]> {
    const prefix = `${this.#catalogue.citizenKey(citizenNumber)}/`
    const patients: LocalPatient[] = []
    for await (const [key] of this.#catalogue.patientsOfCitizen.entries({ prefix })) {
      const patient = await this.#catalogue.patients.get(key.slice(prefix.length))
      if (patient !== undefined) patients.push(toLocalPatient(patient))
    }
    return patients
  }

  /** Patients of whom our own studies say that they were born on this day (`YYYY-MM-DD`). */
  async *patientsBornOn(birthDate: string): AsyncGenerator<LocalPatient> {
    const prefix = `${this.#catalogue.birthDateKey(birthDate)}/`
    for await (const [key] of this.#catalogue.patientsOfBirthDate.entries({ prefix })) {
      const patient = await this.#catalogue.patients.get(key.slice(prefix.length))
      if (patient !== undefined) yield toLocalPatient(patient)
    }
  }

  async *quarantined(): AsyncGenerator<QuarantinedInstance> {
    for await (const [, instance] of this.#catalogue.quarantine.entries()) yield instance
  }

  /** Called after the change is durable. Returns the way to stop listening. */
  onChange(listener: (change: StudyChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async #sweepPartials(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    for (;;) {
      await clock.sleep(sweepMs, signal).catch(() => {})
      if (signal.aborted) return
      await this.#files.partials
        .sweep(clock.now())
        .catch((error: unknown) => log.warn('partial-files-not-swept', { reason: codeOf(error) }))
    }
  }

  async #add(arrival: Arrival): Promise<Committed> {
    const { outcome, study, keepsBlob, nowInConflict } = await this.#catalogue.add(arrival)
    const tidied = keepsBlob ? this.#files.settle(arrival.blob) : this.#files.drop(arrival.blob)
    // It is stored whether or not the file could be moved; the next start moves it.
    await tidied.catch((error: unknown) => this.#deps.log.warn('blob-not-moved', { reason: codeOf(error) }))
    if (outcome === 'stored') this.#tell({ handle: study, what: 'arrived' })
    if (nowInConflict !== undefined) {
      for await (const handle of this.#handlesOfPatient(nowInConflict))
        this.#tell({ handle, what: 'identity' })
    }
    return { outcome, study }
  }

  async *#handlesOfPatient(patientKey: string): AsyncGenerator<string> {
    const prefix = `${patientKey}/`
    for await (const [key] of this.#catalogue.studiesOfPatient.entries({ prefix }))
      yield key.slice(prefix.length)
  }

  async #view(stored: StoredStudy): Promise<StudyRecord> {
    const { disagrees, indexed: _, ...study } = visible(stored)
    const isOwn = study.origin.kind === 'local'
    const shared =
      isOwn && (await this.patientByNumber(study.patient.localId, study.patient.issuer))?.conflict
    return { ...study, identityConflict: disagrees || shared === true, isWhole: isOwn || study.isWhole }
  }

  #tell(change: StudyChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#deps.log.error('change-listener-failed', { reason: codeOf(error) })
      }
    }
  }
}

const isThere = ({ instances, hidden }: StoredStudy) => instances > (hidden?.instances ?? 0)

/** 48 bits of time, 80 random: sorted by arrival, and not to be guessed. */
function newHandle(now: number, random: (bytes: number) => Uint8Array): string {
  return now.toString(16).padStart(12, '0') + Buffer.from(random(10)).toString('hex')
}
