import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Repository, Sealer, Store, Update } from '@twiin/store'
import { contradict, mergePatient, toLocalPatient } from '@twiin/study-store'
import type { LocalPatient, PatientFacts, StudyRecord } from '@twiin/study-store'
import type { HoldingChange } from '../holdings/holdings.ts'
import type { ArchiveStudy } from './archive-study.ts'
import type { DateWindow } from './archive-source.ts'

/** A study in the archive, as it answered last. */
export interface ArchivedRecord extends Omit<ArchiveStudy, 'tellsOtherIds'> {
  handle: string
  /** Of the answer as it came: what has the same digest is unchanged. */
  digest: string
  /** 0: never fetched, so nobody knows. */
  bytes: number
  reports: number
  indexedAt: number
  /** When it was last looked at in full. */
  checkedAt: number
  updatedAt: number
}

/** A study as it was, that is no more, or is another patient's now. */
export interface Former {
  record: ArchivedRecord
  at: number
}

export interface Counts {
  unchanged: number
  new: number
  /** It has other instances than before. */
  grown: number
  /** Something else of it changed. */
  changed: number
  removed: number
}

interface Deps {
  store: Store
  sealer: Sealer
  records: Repository<ArchivedRecord>
  byUid: Repository<string>
  by: Repository<true>
  formerly: Repository<Former>
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** spec 18 §4 */
const rememberedMs = 30 * 24 * 3_600_000
const dayMs = 24 * 3_600_000
/** All writes wait for each other: there is one indexer, and a fetch now and then. */
const turn = 'archived-studies'

/** What the archive has, as far as this node was told: sealed, found by UID, patient and day. */
export class ArchivedStudies {
  readonly #options: { archive: string }
  readonly #deps: Deps
  readonly #listeners = new Set<(change: HoldingChange) => void>()

  /** `archive`: its name, for the origin of its studies. */
  constructor(options: { archive: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  onChange(listener: (change: HoldingChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async *studies(
    range: { after?: string; limit?: number; reverse?: boolean } = {},
  ): AsyncGenerator<StudyRecord> {
    for await (const [, record] of this.#deps.records.entries(range)) yield this.#view(record)
  }

  async recordOf(studyInstanceUid: string): Promise<ArchivedRecord | undefined> {
    const handle = await this.#deps.byUid.get(studyInstanceUid)
    return handle === undefined ? undefined : this.#deps.records.get(handle)
  }

  async studyByUid(studyInstanceUid: string): Promise<StudyRecord | undefined> {
    const record = await this.recordOf(studyInstanceUid)
    return record && this.#view(record)
  }

  async studyByHandle(handle: string): Promise<StudyRecord | undefined> {
    const record = await this.#deps.records.get(handle)
    return record && this.#view(record)
  }

  studiesOfPatient(patient: { localId: string; issuer: string }): AsyncGenerator<StudyRecord> {
    return this.#viewAll(this.#prefixOf('patient', patientText(patient)))
  }

  studiesWithCitizenNumber(citizenNumber: string): AsyncGenerator<StudyRecord> {
    return this.#viewAll(this.#prefixOf('citizen', citizenNumber))
  }

  studiesWithAccession(accessionNumber: string): AsyncGenerator<StudyRecord> {
    return this.#viewAll(this.#prefixOf('accession', accessionNumber))
  }

  studiesBornOn(birthDate: string): AsyncGenerator<StudyRecord> {
    return this.#viewAll(this.#prefixOf('born', birthDate))
  }

  studiesOnDay(date: string): AsyncGenerator<StudyRecord> {
    return this.#viewAll(this.#prefixOf('day', date))
  }

  /** What is known under the numbers of a patient, merged as for stored studies. */
  async patientByNumber(localId: string, issuer: string): Promise<LocalPatient | undefined> {
    const merged = await this.#merged({ localId, issuer })
    return merged && toLocalPatient(merged)
  }

  async patientsByCitizenNumber(citizenNumber: string): Promise<LocalPatient[]> {
    const numbers = new Map<string, { localId: string; issuer: string }>()
    for await (const { patient } of this.#recordsBy(this.#prefixOf('citizen', citizenNumber)))
      if (patient.localId !== '') numbers.set(patientText(patient), patient)
    const patients: LocalPatient[] = []
    for (const { localId, issuer } of numbers.values()) {
      const patient = await this.patientByNumber(localId, issuer)
      if (patient !== undefined) patients.push(patient)
    }
    return patients
  }

  async *formerStudies(): AsyncGenerator<StudyRecord> {
    for await (const [, { record }] of this.#deps.formerly.entries()) yield this.#shown(record, false)
  }

  /** Handle, UID and count of what lies in the window. */
  async *inWindow({ from, until }: DateWindow): AsyncGenerator<ArchivedRecord> {
    for (let day = Date.parse(from); day <= Date.parse(until); day += dayMs)
      yield* this.#recordsBy(this.#prefixOf('day', new Date(day).toISOString().slice(0, 10)))
  }

  /** Whether this answer tells something new, or leaves out what was last looked at long ago. */
  async isNews(study: ArchiveStudy): Promise<boolean> {
    const record = await this.recordOf(study.studyInstanceUid)
    const isOld = record !== undefined && this.#deps.clock.now() - record.checkedAt > rememberedMs
    return record?.digest !== digestOf(study) || (isOld && !study.tellsOtherIds)
  }

  /**
   * Takes over what the archive said; durable when it resolves. `answered`: as the archive answered it, when `study` was
   * completed since.
   */
  async put(studies: readonly { study: ArchiveStudy; answered: ArchiveStudy }[]): Promise<Counts> {
    const counts: Counts = { unchanged: 0, new: 0, grown: 0, changed: 0, removed: 0 }
    const changes = await this.#deps.store.update(turn, async (tx) => {
      for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] = 0
      const told: HoldingChange[] = []
      for (const { study, answered } of studies) {
        const known = await tx.get(this.#deps.byUid, study.studyInstanceUid)
        const before = known === undefined ? undefined : await tx.get(this.#deps.records, known)
        const kind = kindOf(before, study)
        counts[kind]++
        const change = this.#write(tx, before, study, digestOf(answered))
        if (kind !== 'unchanged') told.push(change)
      }
      return told
    })
    for (const change of changes) this.#tell(change)
    for (const { study } of studies) await this.#tellPatient(study.patient)
    return counts
  }

  /** The archive has it no more. Durable when it resolves. */
  async remove(studyInstanceUid: string): Promise<boolean> {
    const change = await this.#deps.store.update(turn, async (tx): Promise<HoldingChange | undefined> => {
      const handle = await tx.get(this.#deps.byUid, studyInstanceUid)
      const record = handle === undefined ? undefined : await tx.get(this.#deps.records, handle)
      if (record === undefined) return undefined
      tx.delete(this.#deps.byUid, studyInstanceUid)
      tx.delete(this.#deps.records, record.handle)
      for (const key of this.#keysOf(record)) tx.delete(this.#deps.by, key)
      return { handle: record.handle, what: 'removed', former: this.#remember(tx, record) }
    })
    if (change !== undefined) this.#tell(change)
    return change !== undefined
  }

  /** What its instances turned out to be. */
  async learn(
    studyInstanceUid: string,
    { bytes, reports }: { bytes: number; reports: number },
  ): Promise<void> {
    await this.#deps.store.update(turn, async (tx) => {
      const handle = await tx.get(this.#deps.byUid, studyInstanceUid)
      const record = handle === undefined ? undefined : await tx.get(this.#deps.records, handle)
      if (record !== undefined && (record.bytes !== bytes || record.reports !== reports))
        tx.put(this.#deps.records, record.handle, { ...record, bytes, reports })
    })
  }

  /** Numbers of what was removed long ago. */
  async forget(): Promise<void> {
    const { formerly, clock } = this.#deps
    for await (const [key, { at }] of formerly.entries())
      if (clock.now() - at > rememberedMs) await formerly.delete(key)
  }

  #write(tx: Update, before: ArchivedRecord | undefined, study: ArchiveStudy, digest: string): HoldingChange {
    const { records, byUid, by, clock, random } = this.#deps
    const { tellsOtherIds: _, ...facts } = study
    const now = clock.now()
    const record: ArchivedRecord = {
      ...facts,
      handle: before?.handle ?? newHandle(now, random),
      digest,
      bytes: before?.instances === study.instances ? before.bytes : 0,
      reports: before?.reports ?? 0,
      indexedAt: before?.indexedAt ?? now,
      checkedAt: now,
      updatedAt: kindOf(before, study) === 'unchanged' ? (before?.updatedAt ?? now) : now,
    }
    const keys = this.#keysOf(record)
    for (const key of before === undefined ? [] : this.#keysOf(before))
      if (!keys.includes(key)) tx.delete(by, key)
    for (const key of keys) tx.put(by, key, true)
    tx.put(records, record.handle, record)
    tx.put(byUid, record.studyInstanceUid, record.handle)
    if (before === undefined || isDeepStrictEqual(before.patient, record.patient))
      return { handle: record.handle, what: 'arrived' }
    return { handle: record.handle, what: 'identity', former: this.#remember(tx, before) }
  }

  #remember(tx: Update, record: ArchivedRecord): StudyRecord {
    const at = this.#deps.clock.now()
    tx.put(this.#deps.formerly, `${record.handle}.${at}`, { record, at })
    return this.#shown(record, false)
  }

  #keysOf({ handle, patient, studyDate, accessionNumber }: ArchivedRecord): string[] {
    const prefixes = [
      this.#prefixOf('day', studyDate),
      ...(accessionNumber === '' ? [] : [this.#prefixOf('accession', accessionNumber)]),
      ...(patient.birthDate === '' ? [] : [this.#prefixOf('born', patient.birthDate)]),
      ...(patient.localId === '' ? [] : [this.#prefixOf('patient', patientText(patient))]),
      ...patient.citizenNumbers.map((number) => this.#prefixOf('citizen', number)),
    ]
    return prefixes.map((prefix) => `${prefix}${handle}`)
  }

  #prefixOf(kind: 'citizen' | 'patient' | 'day' | 'accession' | 'born', text: string): string {
    return `${this.#deps.sealer.opaque(`archived-${kind}`, text)}/`
  }

  async *#recordsBy(prefix: string): AsyncGenerator<ArchivedRecord> {
    for await (const [key] of this.#deps.by.entries({ prefix })) {
      const record = await this.#deps.records.get(key.slice(prefix.length))
      if (record !== undefined) yield record
    }
  }

  async *#viewAll(prefix: string): AsyncGenerator<StudyRecord> {
    for await (const record of this.#recordsBy(prefix)) yield this.#view(record)
  }

  async #view(record: ArchivedRecord): Promise<StudyRecord> {
    const { localId } = record.patient
    return this.#shown(record, localId !== '' && (await this.#merged(record.patient))?.conflict === true)
  }

  #shown(
    { digest: _, indexedAt, checkedAt: __, ...record }: ArchivedRecord,
    identityConflict: boolean,
  ): StudyRecord {
    return {
      ...record,
      origin: { kind: 'local', callingAe: this.#options.archive, calledAe: '' },
      receivedAt: indexedAt,
      identityConflict,
      isWhole: true,
    }
  }

  async #merged(number: { localId: string; issuer: string }) {
    let merged: Parameters<typeof mergePatient>[0]
    for await (const { patient } of this.#recordsBy(this.#prefixOf('patient', patientText(number))))
      merged = mergePatient(merged, patient)
    return merged
  }

  /** A number that turned out to be two people's hides all studies under it. */
  async #tellPatient(patient: PatientFacts): Promise<void> {
    if (patient.localId === '') return
    const others: ArchivedRecord[] = []
    for await (const record of this.#recordsBy(this.#prefixOf('patient', patientText(patient))))
      if (contradict(record.patient, patient)) others.push(record)
    for (const { handle } of others) this.#tell({ handle, what: 'identity' })
  }

  #tell(change: HoldingChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#deps.log.error('change-listener-failed', { reason: codeOf(error) })
      }
    }
  }
}

function kindOf(before: ArchivedRecord | undefined, study: ArchiveStudy): keyof Counts {
  if (before === undefined) return 'new'
  if (before.instances !== study.instances) return 'grown'
  const { tellsOtherIds: _, ...facts } = study
  const same = Object.entries(facts).every(([key, value]) => isDeepStrictEqual(before[key as never], value))
  return same ? 'unchanged' : 'changed'
}

/** Raised when a record is found by something new, so that older ones are written again. */
const indexVersion = 2

function digestOf(study: ArchiveStudy): string {
  const facts = Object.entries(study).sort(([a], [b]) => a.localeCompare(b))
  const canonical = JSON.stringify([indexVersion, facts])
  return createHash('sha256').update(canonical).digest('base64')
}

const patientText = ({ localId, issuer }: { localId: string; issuer: string }) =>
  JSON.stringify([issuer, localId])

/** As the store's: 48 bits of time, 80 random. */
function newHandle(now: number, random: (bytes: number) => Uint8Array): string {
  return now.toString(16).padStart(12, '0') + Buffer.from(random(10)).toString('hex')
}
