import type { TreatmentRelation } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'
import type { EntryBody } from '@twiin/protocol'
import type { Person } from '../people/people-file.ts'

export type HolderStatus = 'pending' | 'answered' | 'refused' | 'unreachable'

/** One row of the timeline: a study at a holder. */
export interface FoundStudy {
  /** Null when only the index tells of it. */
  studyInstanceUid: string | null
  handle: string
  detail: 'holder' | 'index'
  /** URA of the holder. */
  holder: string
  studyDate: string | null
  modalities: readonly string[]
  description: string
  instances: number
  bytes: number
  reports: number
  local: boolean
}

export interface Holder {
  ura: string
  name: string
  peerId: string
  status: HolderStatus
  reason?: string
  /** It was told so, and knows what it means. */
  relation?: 'registered'
}

export interface FoundPatient {
  name: string
  birthDate: string | null
  sex: string
}

/** An emergency asks everybody: how many did not answer, and whether it is done. */
export interface EmergencySearch {
  readonly id: string
  readonly until: number
  asked: number
  unreachable: number
  done: boolean
}

/** A search by a user, for one patient, with a purpose; filled in as holders answer. Lives in memory for a day. */
export interface PatientSearch {
  readonly id: string
  readonly person: Person
  readonly bsn: Bsn
  readonly birthDate: string | undefined
  readonly purpose: { basis: 'treatment' | 'referral' | 'emergency'; reason: string }
  /** What this hospital's own records show of the treatment (spec 08 §6). */
  readonly relation: TreatmentRelation
  /** The box under which it is an emergency (spec 21). */
  readonly emergency?: EmergencySearch
  readonly begunAt: number
  /** Where the patient stands in the index; a retrieval needs it. */
  readonly epoch: number
  readonly loc: Uint8Array
  patient?: FoundPatient
  holders: Holder[]
  studies: FoundStudy[]
  index: { asked: number; answered: number }
  /** The index was read, so that no further holders will turn up. */
  indexRead: boolean
}

export const isComplete = (search: PatientSearch) =>
  search.indexRead &&
  search.emergency?.done !== false &&
  search.holders.every(({ status }) => status !== 'pending')

/** What the index says of a holder that does not answer, so that nobody takes silence for absence. */
export function indexRows(entry: EntryBody, holder: string): FoundStudy[] {
  return entry.studies.map(({ handle, date, modalities, size }) => ({
    studyInstanceUid: null,
    handle: Buffer.from(handle).toString('hex'),
    detail: 'index',
    holder,
    studyDate: date ?? null,
    modalities,
    description: '',
    instances: size,
    bytes: 0,
    reports: 0,
    local: false,
  }))
}
