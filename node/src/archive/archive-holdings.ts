import { TwiinError } from '@twiin/runtime'
import { contradict } from '@twiin/study-store'
import type { InstanceRecord, LocalPatient, SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { HoldingChange, Holdings } from '../holdings/holdings.ts'
import type { ArchiveCache } from './archive-cache.ts'
import type { ArchiveSource } from './archive-source.ts'
import type { ArchivedStudies } from './archived-studies.ts'
import type { FetchOnDemand } from './fetch-on-demand.ts'

interface Deps {
  store: Holdings
  archived: ArchivedStudies
  source: ArchiveSource
  fetcher: FetchOnDemand
  cache: ArchiveCache
  /** Whether this stored copy of another hospital's study was delivered into the archive, and is what lies there. */
  wasDelivered: (handle: string) => Promise<boolean>
}

/**
 * The node's own store and the archive behind it as one (spec 18 §1): a study that lies in both counts once, and one that
 * came from another hospital and was delivered into the archive stays that hospital's. Sending something under the UID of
 * an archived study takes nothing away.
 */
export class ArchiveHoldings implements Holdings {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async *studies(
    range: { after?: string; limit?: number; reverse?: boolean } = {},
  ): AsyncGenerator<StudyRecord> {
    const { store, archived } = this.#deps
    const { limit = Infinity, ...rest } = range
    let count = 0
    for await (const study of inOrder(store.studies(rest), archived.studies(rest), rest.reverse === true)) {
      if (!(await this.#counts(study))) continue
      yield await this.#view(study)
      if (++count >= limit) return
    }
  }

  async studyByUid(
    studyInstanceUid: string,
    owner = 'local',
    hidden: { rejected?: boolean } = {},
  ): Promise<StudyRecord | undefined> {
    if (owner !== 'local') return this.#deps.store.studyByUid(studyInstanceUid, owner, hidden)
    const [own] = await this.copiesOf(studyInstanceUid, hidden)
    return own?.origin.kind === 'local' ? own : undefined
  }

  async studyByHandle(handle: string): Promise<StudyRecord | undefined> {
    const { store, archived } = this.#deps
    const study = (await store.studyByHandle(handle)) ?? (await archived.studyByHandle(handle))
    return study && this.#view(study)
  }

  async copiesOf(studyInstanceUid: string, hidden: { rejected?: boolean } = {}): Promise<StudyRecord[]> {
    const { store, archived } = this.#deps
    const stored = await store.copiesOf(studyInstanceUid, hidden)
    const inArchive = await archived.studyByUid(studyInstanceUid)
    const own = await this.#chosen(stored, inArchive)
    const others = stored.filter(({ origin }) => origin.kind !== 'local')
    return own === undefined ? others : [await this.#view(own), ...others]
  }

  async *series(handle: string): AsyncGenerator<SeriesRecord> {
    const study = await this.#archivedByHandle(handle)
    if (study === undefined) yield* this.#deps.store.series(handle)
    else yield* await this.#deps.source.series(study.studyInstanceUid, AbortSignal.timeout(seriesMs))
  }

  async *instances(
    handle: string,
    range: { skip?: number; rejected?: boolean } = {},
  ): AsyncGenerator<InstanceRecord> {
    const study = await this.#archivedByHandle(handle)
    if (study === undefined) yield* this.#deps.store.instances(handle, range)
    else yield* await this.#deps.fetcher.instances(study.studyInstanceUid)
  }

  /** Of the archive only what is in the cache now. */
  async instanceByUid(
    sopInstanceUid: string,
    owner = 'local',
    hidden: { rejected?: boolean } = {},
  ): Promise<InstanceRecord | undefined> {
    const stored = await this.#deps.store.instanceByUid(sopInstanceUid, owner, hidden)
    return stored ?? (owner === 'local' ? this.#deps.cache.instance(sopInstanceUid) : undefined)
  }

  async *readDataSet(
    instance: { blob: string; size: number },
    range: { offset?: number; length?: number } = {},
  ): AsyncGenerator<Buffer> {
    const { store, cache } = this.#deps
    yield* cache.isCached(instance) ? cache.read(instance, range) : store.readDataSet(instance, range)
  }

  async *studiesOfPatient(patient: { localId: string; issuer: string }): AsyncGenerator<StudyRecord> {
    const { store, archived } = this.#deps
    yield* this.#those(store.studiesOfPatient(patient), archived.studiesOfPatient(patient))
  }

  async *studiesWithCitizenNumber(citizenNumber: string): AsyncGenerator<StudyRecord> {
    const { store, archived } = this.#deps
    yield* this.#those(
      store.studiesWithCitizenNumber(citizenNumber),
      archived.studiesWithCitizenNumber(citizenNumber),
    )
  }

  async *studiesWithAccession(accessionNumber: string): AsyncGenerator<StudyRecord> {
    const { store, archived } = this.#deps
    yield* this.#those(
      store.studiesWithAccession(accessionNumber),
      archived.studiesWithAccession(accessionNumber),
    )
  }

  async *studiesOnDay(date: string): AsyncGenerator<StudyRecord> {
    const { store, archived } = this.#deps
    yield* this.#those(store.studiesOnDay(date), archived.studiesOnDay(date))
  }

  async patientByNumber(localId: string, issuer: string): Promise<LocalPatient | undefined> {
    const { store, archived } = this.#deps
    const stored = await store.patientByNumber(localId, issuer)
    const inArchive = await archived.patientByNumber(localId, issuer)
    return stored === undefined || inArchive === undefined
      ? (stored ?? inArchive)
      : together(stored, inArchive)
  }

  async patientsByCitizenNumber(citizenNumber: string): Promise<LocalPatient[]> {
    const { store, archived } = this.#deps
    const numbers = new Map<string, LocalPatient>()
    const add = (patient: LocalPatient) =>
      void numbers.set(JSON.stringify([patient.issuer, patient.localId]), patient)
    for (const patient of await store.patientsByCitizenNumber(citizenNumber)) add(patient)
    for await (const patient of this.#ownPatients(archived.studiesWithCitizenNumber(citizenNumber)))
      add(patient)
    const patients: LocalPatient[] = []
    for (const { localId, issuer } of numbers.values()) {
      const patient = await this.patientByNumber(localId, issuer)
      if (patient !== undefined) patients.push(patient)
    }
    return patients
  }

  async *patientsBornOn(birthDate: string): AsyncGenerator<LocalPatient> {
    const { store, archived } = this.#deps
    const told = new Set<string>()
    const both = [store.patientsBornOn(birthDate), this.#ownPatients(archived.studiesBornOn(birthDate))]
    for (const patients of both)
      for await (const { localId, issuer } of patients) {
        const number = JSON.stringify([issuer, localId])
        if (told.has(number)) continue
        told.add(number)
        const patient = await this.patientByNumber(localId, issuer)
        if (patient !== undefined) yield patient
      }
  }

  onChange(listener: (change: HoldingChange) => void): () => void {
    const stop = [this.#deps.store.onChange(listener), this.#deps.archived.onChange(listener)]
    return () => stop.forEach((each) => each())
  }

  async isAtHand({ handle, studyInstanceUid, instances }: StudyRecord): Promise<boolean> {
    if ((await this.#archivedByHandle(handle)) === undefined) return true
    return (this.#deps.cache.get(studyInstanceUid)?.instances.length ?? -1) >= instances
  }

  formerStudies(): AsyncIterable<StudyRecord> {
    return this.#deps.archived.formerStudies()
  }

  /** Of studies that are this hospital's own: what was delivered from elsewhere tells nothing of who its patients are. */
  async *#ownPatients(studies: AsyncIterable<StudyRecord>): AsyncGenerator<LocalPatient> {
    for await (const study of studies) {
      if (study.patient.localId === '' || !(await this.#counts(study))) continue
      const { citizenNumbers: _, ...patient } = study.patient
      yield { ...patient, conflict: false }
    }
  }

  async *#those(
    stored: AsyncIterable<StudyRecord>,
    archived: AsyncIterable<StudyRecord>,
  ): AsyncGenerator<StudyRecord> {
    for (const studies of [stored, archived])
      for await (const study of studies) if (await this.#counts(study)) yield await this.#view(study)
  }

  /** False for the copy that does not count of a study that lies in both. */
  async #counts(study: StudyRecord): Promise<boolean> {
    const { store, archived } = this.#deps
    if (study.origin.kind !== 'local') return true
    const { studyInstanceUid, handle } = study
    const stored = await store.copiesOf(studyInstanceUid)
    return (await this.#chosen(stored, await archived.studyByUid(studyInstanceUid)))?.handle === handle
  }

  /** This hospital's own copy: the one with more instances, on a tie the one whose bytes are here. */
  async #chosen(
    stored: readonly StudyRecord[],
    inArchive: StudyRecord | undefined,
  ): Promise<StudyRecord | undefined> {
    const own = stored.find(({ origin }) => origin.kind === 'local')
    if (own !== undefined)
      return inArchive !== undefined && inArchive.instances > own.instances ? inArchive : own
    for (const { handle } of inArchive === undefined ? [] : stored)
      if (await this.#deps.wasDelivered(handle)) return undefined
    return inArchive
  }

  /** A number that is one person's in the store and another's in the archive is nobody's. */
  async #view(study: StudyRecord): Promise<StudyRecord> {
    const { localId, issuer } = study.patient
    if (study.origin.kind !== 'local' || study.identityConflict || localId === '') return study
    return { ...study, identityConflict: (await this.patientByNumber(localId, issuer))?.conflict === true }
  }

  async #archivedByHandle(handle: string): Promise<StudyRecord | undefined> {
    return (await this.#deps.store.studyByHandle(handle)) === undefined
      ? this.#deps.archived.studyByHandle(handle)
      : undefined
  }
}

const seriesMs = 60_000

function together(stored: LocalPatient, inArchive: LocalPatient): LocalPatient {
  const conflict = stored.conflict || inArchive.conflict || contradict(asFacts(stored), asFacts(inArchive))
  const citizenNumber = stored.citizenNumber ?? inArchive.citizenNumber
  return {
    ...stored,
    name: stored.name || inArchive.name,
    birthDate: stored.birthDate || inArchive.birthDate,
    sex: stored.sex || inArchive.sex,
    conflict,
    ...(citizenNumber === undefined ? {} : { citizenNumber }),
  }
}

const asFacts = ({ citizenNumber, ...patient }: LocalPatient) => ({
  ...patient,
  citizenNumbers: citizenNumber === undefined ? [] : [citizenNumber],
})

/** Two lists in order of handle as one. */
async function* inOrder(
  one: AsyncIterable<StudyRecord>,
  other: AsyncIterable<StudyRecord>,
  reverse: boolean,
): AsyncGenerator<StudyRecord> {
  const lists = [one[Symbol.asyncIterator](), other[Symbol.asyncIterator]()]
  const heads = await Promise.all(lists.map((list) => list.next()))
  for (;;) {
    const [first, second] = heads
    if (first === undefined || second === undefined) throw new TwiinError('UNEXPECTED')
    if (first.done === true && second.done === true) return
    const isFirst =
      second.done === true ||
      (first.done !== true &&
        (reverse ? first.value.handle > second.value.handle : first.value.handle < second.value.handle))
    const which = isFirst ? 0 : 1
    const head = heads[which]
    if (head !== undefined && head.done !== true) yield head.value
    const list = lists[which]
    if (list !== undefined) heads[which] = await list.next()
  }
}
