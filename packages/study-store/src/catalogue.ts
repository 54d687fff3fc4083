import { isDeepStrictEqual } from 'node:util'
import { TwiinError } from '@twiin/runtime'
import type { Repository, Sealer, Store, Update } from '@twiin/store'
import { instanceRecord, newStudy, seriesWith, withInstance } from './arrival.ts'
import type { Arrival, StoredStudy } from './arrival.ts'
import { mergePatient } from './patient-facts.ts'
import type { StoredPatient } from './patient-facts.ts'
import { ownerOf } from './records.ts'
import type { InstanceRecord, Owner, QuarantinedInstance, Rejection, SeriesRecord } from './records.ts'
import { withHidden, withSeriesAgain } from './rejected.ts'

export interface Catalogued {
  outcome: 'stored' | 'already-here' | 'conflict'
  study: string
  /** Whether the arrival's blob now belongs to the catalogue. */
  keepsBlob: boolean
  /** Key of a patient whose number turned out to be two people's. */
  nowInConflict?: string
}

/** Every second data set under one UID is kept for a person to judge, up to so many of each owner. */
const quarantineLimit = 1000

/**
 * The catalogue's buckets and the one write that adds an instance to all of them at once. Everything that is patient
 * data or a DICOM UID stands inside a sealed value; keys are random handles, or HMACs.
 */
export class Catalogue {
  /** handle → study; handles are ordered by time of arrival */
  readonly studies: Repository<StoredStudy>
  /** owner, StudyInstanceUID → handle */
  readonly studyByUid: Repository<string>
  /** HMAC(StudyInstanceUID)/handle → true: the copies of a study, of all owners */
  readonly copiesOfStudy: Repository<true>
  /** handle/HMAC(SeriesInstanceUID) → series */
  readonly series: Repository<SeriesRecord>
  /** handle/number of arrival → instance */
  readonly instances: Repository<InstanceRecord>
  /** owner, SOPInstanceUID → key in `instances` */
  readonly instanceByUid: Repository<string>
  /** blob → true: files in `incoming` that are in no record are remnants of a crash */
  readonly blobs: Repository<true>
  /** HMAC(issuer, local number) → patient, as this hospital's own machines state him */
  readonly patients: Repository<StoredPatient>
  /** HMAC(issuer, local number)/handle → true */
  readonly studiesOfPatient: Repository<true>
  /** HMAC(citizen number)/handle → true, of studies made here */
  readonly studiesOfCitizen: Repository<true>
  /** HMAC(citizen number)/HMAC(issuer, local number) → true */
  readonly patientsOfCitizen: Repository<true>
  /** HMAC(birth date)/HMAC(issuer, local number) → true */
  readonly patientsOfBirthDate: Repository<true>
  /** HMAC(accession number)/handle → true, of studies made here */
  readonly studiesOfAccession: Repository<true>
  /** HMAC(day of the study)/handle → true, of studies made here */
  readonly studiesOfDay: Repository<true>
  /** what was added to records of an earlier version → true */
  readonly upgrades: Repository<true>
  /** owner, SOPInstanceUID → why it is hidden, or will be when it arrives */
  readonly rejections: Repository<Rejection>
  /** owner/HMAC(SOPInstanceUID, digest) → a second, different instance of one owner under one UID */
  readonly quarantine: Repository<QuarantinedInstance>

  readonly #store: Store
  readonly #sealer: Sealer
  readonly #newHandle: (now: number) => string

  constructor(deps: { store: Store; sealer: Sealer; newHandle: (now: number) => string }) {
    const opaque = { keys: 'plain-opaque' } as const
    const keyed = { keys: 'keyed' } as const
    this.studies = deps.store.repository('study', opaque)
    this.studyByUid = deps.store.repository('study-by-uid', keyed)
    this.copiesOfStudy = deps.store.repository('copy-of-study', opaque)
    this.series = deps.store.repository('series', opaque)
    this.instances = deps.store.repository('instance', opaque)
    this.instanceByUid = deps.store.repository('instance-by-uid', keyed)
    this.blobs = deps.store.repository('blob', opaque)
    this.patients = deps.store.repository('patient', opaque)
    this.studiesOfPatient = deps.store.repository('study-of-patient', opaque)
    this.studiesOfCitizen = deps.store.repository('study-of-citizen', opaque)
    this.patientsOfCitizen = deps.store.repository('patient-of-citizen', opaque)
    this.patientsOfBirthDate = deps.store.repository('patient-of-birth-date', opaque)
    this.studiesOfAccession = deps.store.repository('study-of-accession', opaque)
    this.studiesOfDay = deps.store.repository('study-of-day', opaque)
    this.upgrades = deps.store.repository('study-store-upgrade', opaque)
    this.rejections = deps.store.repository('rejection', keyed)
    this.quarantine = deps.store.repository('quarantined-instance', opaque)
    this.#store = deps.store
    this.#sealer = deps.sealer
    this.#newHandle = deps.newHandle
  }

  patientKey({ localId, issuer }: { localId: string; issuer: string }): string {
    return this.#sealer.opaque('patient', JSON.stringify([issuer, localId]))
  }

  citizenKey(citizenNumber: string): string {
    return this.#sealer.opaque('citizen', citizenNumber)
  }

  /** `YYYY-MM-DD` */
  birthDateKey(birthDate: string): string {
    return this.#sealer.opaque('birth-date', birthDate)
  }

  accessionKey(accessionNumber: string): string {
    return this.#sealer.opaque('accession', accessionNumber)
  }

  /** `YYYY-MM-DD` */
  dayKey(date: string): string {
    return this.#sealer.opaque('day', date)
  }

  copiesKey(studyInstanceUid: string): string {
    return this.#sealer.opaque('copies', studyInstanceUid)
  }

  /** Resolves when the arrival, or what makes it superfluous, is on disk. */
  add(arrival: Arrival): Promise<Catalogued> {
    const { head, patient, origin } = arrival
    const instanceId = ownedKey(ownerOf(origin), head.sopInstanceUid)
    const turns = [
      `instance ${instanceId}`,
      `study ${ownedKey(ownerOf(origin), head.studyInstanceUid)}`,
      `patient ${this.patientKey(patient)}`,
    ]
    return this.#store.update(turns, async (tx) => {
      const earlier = await tx.get(this.instanceByUid, instanceId)
      const first = earlier === undefined ? undefined : await tx.get(this.instances, earlier)
      return first === undefined ? this.#addNew(tx, arrival) : this.#addAgain(tx, arrival, first)
    })
  }

  /** Resolves when it is on disk. Throws `STUDY_UNKNOWN`. */
  markWhole(studyInstanceUid: string, owner: Owner): Promise<void> {
    const studyId = ownedKey(owner, studyInstanceUid)
    return this.#store.update(`study ${studyId}`, async (tx) => {
      const handle = await tx.get(this.studyByUid, studyId)
      const study = handle === undefined ? undefined : await tx.get(this.studies, handle)
      if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
      if (!study.isWhole) tx.put(this.studies, study.handle, { ...study, isWhole: true })
    })
  }

  /** What an earlier version did not index. Resolves when it is on disk; at once when that was done before. */
  async indexOlderRecords(signal: AbortSignal): Promise<void> {
    await this.#upgrade('accession-and-day', this.studies, signal, (tx, study) => {
      if (study.origin.kind === 'local') this.#indexStudy(tx, undefined, study)
    })
    await this.#upgrade('birth-date', this.patients, signal, (tx, patient, key) =>
      this.#indexBirthDate(tx, undefined, patient, key),
    )
  }

  async #upgrade<T>(
    name: string,
    records: Repository<T>,
    signal: AbortSignal,
    index: (tx: Update, record: T, key: string) => void,
  ): Promise<void> {
    if ((await this.upgrades.get(name)) === true) return
    let batch: Promise<void>[] = []
    for await (const [key, record] of records.entries()) {
      if (signal.aborted) break
      batch.push(this.#store.update(`upgrade ${key}`, async (tx) => index(tx, record, key)))
      if (batch.length < 100) continue
      await Promise.all(batch)
      batch = []
    }
    await Promise.all(batch)
    if (!signal.aborted) await this.upgrades.put(name, true)
  }

  #indexBirthDate(tx: Update, before: StoredPatient | undefined, after: StoredPatient, key: string): void {
    if (after.birthDate !== '' && before?.birthDate !== after.birthDate)
      tx.put(this.patientsOfBirthDate, `${this.birthDateKey(after.birthDate)}/${key}`, true)
  }

  #indexStudy(tx: Update, before: StoredStudy | undefined, { handle, ...after }: StoredStudy): void {
    const { accessionNumber, studyDate } = after
    if (accessionNumber !== '' && before?.accessionNumber !== accessionNumber)
      tx.put(this.studiesOfAccession, `${this.accessionKey(accessionNumber)}/${handle}`, true)
    if (studyDate !== '' && before?.studyDate !== studyDate)
      tx.put(this.studiesOfDay, `${this.dayKey(studyDate)}/${handle}`, true)
  }

  /**
   * Hides these instances of one study and owner, now or when they arrive. Resolves, when it is on disk, to how many were
   * seen until now.
   */
  async reject(
    study: { studyInstanceUid: string; owner: Owner },
    sopInstanceUids: readonly string[],
    why: Rejection,
  ): Promise<number> {
    const { owner, studyInstanceUid } = study
    const studyId = ownedKey(owner, studyInstanceUid)
    const turns = [`study ${studyId}`, ...sopInstanceUids.map((uid) => `instance ${ownedKey(owner, uid)}`)]
    return this.#store.update([...new Set(turns)], async (tx) => {
      const handle = await tx.get(this.studyByUid, studyId)
      const toHide: { key: string; instance: InstanceRecord }[] = []
      for (const uid of new Set(sopInstanceUids)) {
        const id = ownedKey(owner, uid)
        const key = await tx.get(this.instanceByUid, id)
        const instance = key === undefined ? undefined : await tx.get(this.instances, key)
        // The identifier of another study: this note says nothing about it.
        if (instance !== undefined && instance.study !== handle) continue
        if ((await tx.get(this.rejections, id)) === undefined) tx.put(this.rejections, id, why)
        if (key !== undefined && instance !== undefined && instance.rejected === undefined)
          toHide.push({ key, instance: { ...instance, rejected: why } })
      }
      if (handle !== undefined) await this.#hide(tx, handle, toHide)
      return toHide.length
    })
  }

  async #hide(
    tx: Update,
    handle: string,
    instances: readonly { key: string; instance: InstanceRecord }[],
  ): Promise<void> {
    let study = await tx.get(this.studies, handle)
    for (const [uid, ofSeries] of Map.groupBy(instances, ({ instance }) => instance.seriesInstanceUid)) {
      const seriesKey = this.#seriesKey(handle, uid)
      let series = await tx.get(this.series, seriesKey)
      for (const { key, instance } of ofSeries) {
        tx.put(this.instances, key, instance)
        if (study !== undefined && series !== undefined)
          ({ study, series } = withHidden(study, series, instance))
      }
      if (series !== undefined) tx.put(this.series, seriesKey, series)
    }
    if (study !== undefined && instances.length > 0) tx.put(this.studies, handle, study)
  }

  #seriesKey(handle: string, seriesInstanceUid: string): string {
    return `${handle}/${this.#sealer.opaque('series', seriesInstanceUid)}`
  }

  async #addNew(tx: Update, arrival: Arrival): Promise<Catalogued> {
    const { head, blob, origin } = arrival
    const studyId = ownedKey(ownerOf(origin), head.studyInstanceUid)
    const known = await tx.get(this.studyByUid, studyId)
    const handle = known ?? this.#newHandle(arrival.receivedAt)
    const before = known === undefined ? undefined : await tx.get(this.studies, known)
    const seriesKey = this.#seriesKey(handle, head.seriesInstanceUid)
    const series = before === undefined ? undefined : await tx.get(this.series, seriesKey)

    const study = before ?? newStudy(handle, arrival)
    const wasEmpty = series?.instances === 0
    const added = withInstance(wasEmpty ? withSeriesAgain(study) : study, arrival, series === undefined)
    const rejected = await tx.get(this.rejections, ownedKey(ownerOf(origin), head.sopInstanceUid))
    const record = instanceRecord(handle, arrival)
    const withIt = seriesWith(series, arrival)
    const kept = rejected === undefined ? undefined : withHidden(added, withIt, record)
    const after = kept?.study ?? added
    const key = instanceKey(handle, study.instances)
    if (known === undefined) {
      tx.put(this.studyByUid, studyId, handle)
      tx.put(this.copiesOfStudy, `${this.copiesKey(head.studyInstanceUid)}/${handle}`, true)
    }
    tx.put(this.studies, handle, after)
    tx.put(this.series, seriesKey, kept?.series ?? withIt)
    tx.put(this.instances, key, { ...record, ...(rejected === undefined ? {} : { rejected }) })
    tx.put(this.instanceByUid, ownedKey(ownerOf(origin), head.sopInstanceUid), key)
    tx.put(this.blobs, blob, true)

    if (origin.kind === 'local') this.#indexStudy(tx, before, after)
    // Another hospital's data tell nothing of who our patients are: only what our own machines made is indexed.
    const nothingNew = origin.kind !== 'local' || isDeepStrictEqual(before?.indexed, after.indexed)
    const nowInConflict = nothingNew ? undefined : await this.#indexPatient(tx, arrival, handle)
    return {
      outcome: 'stored',
      study: handle,
      keepsBlob: true,
      ...(nowInConflict === undefined ? {} : { nowInConflict }),
    }
  }

  async #indexPatient(tx: Update, arrival: Arrival, handle: string): Promise<string | undefined> {
    const facts = arrival.patient
    const patientKey = this.patientKey(facts)
    for (const number of facts.citizenNumbers) {
      tx.put(this.studiesOfCitizen, `${this.citizenKey(number)}/${handle}`, true)
    }
    if (facts.localId === '') return undefined
    const before = await tx.get(this.patients, patientKey)
    const after = mergePatient(before, facts)
    tx.put(this.patients, patientKey, after)
    this.#indexBirthDate(tx, before, after, patientKey)
    tx.put(this.studiesOfPatient, `${patientKey}/${handle}`, true)
    for (const number of facts.citizenNumbers) {
      tx.put(this.patientsOfCitizen, `${this.citizenKey(number)}/${patientKey}`, true)
    }
    return after.conflict && before?.conflict === false ? patientKey : undefined
  }

  async #addAgain(tx: Update, arrival: Arrival, first: InstanceRecord): Promise<Catalogued> {
    const { head, transferSyntaxUid, size, sha256, origin, receivedAt, blob } = arrival
    const same = Buffer.from(first.sha256).equals(sha256) && first.transferSyntaxUid === transferSyntaxUid
    if (same) return { outcome: 'already-here', study: first.study, keepsBlob: false }

    const content = JSON.stringify([
      head.sopInstanceUid,
      transferSyntaxUid,
      Buffer.from(sha256).toString('hex'),
    ])
    const owner = ownerOf(origin)
    const id = `${owner}/${this.#sealer.opaque('quarantine', content)}`
    const keepsBlob =
      (await tx.get(this.quarantine, id)) === undefined && !(await this.#quarantineFull(owner))
    if (keepsBlob) {
      const { sopInstanceUid } = head
      const set = { sopInstanceUid, transferSyntaxUid, size, sha256, origin, receivedAt, blob }
      tx.put(this.quarantine, id, { id, study: first.study, ...set })
      tx.put(this.blobs, blob, true)
    }
    return { outcome: 'conflict', study: first.study, keepsBlob }
  }

  async #quarantineFull(owner: Owner): Promise<boolean> {
    let count = 0
    for await (const _ of this.quarantine.entries({ prefix: `${owner}/`, limit: quarantineLimit })) count++
    return count >= quarantineLimit
  }
}

/** Of the instance that arrived as number `at` of its study, from 0. */
export function instanceKey(handle: string, at: number): string {
  return `${handle}/${at.toString(16).padStart(8, '0')}`
}

/** Under what an owner's study or instance is found. Neither an owner nor a UID has a space. */
export function ownedKey(owner: Owner, uid: string): string {
  return `${owner} ${uid}`
}
