import type { AuditEntry } from '@twiin/audit'

/** What is to be shared (spec 25 §2). */
export interface PackageOrder {
  /** `holder`: URA of the hospital it was chosen of, of which alone it is then taken; set where a share is made. */
  studies: readonly { studyInstanceUid: string; holder?: string }[]
  /** The person's search that found what lies elsewhere. Absent: any of them that stands. */
  searchId?: string
  reports: 'all' | 'none'
  downloads: boolean
  language: 'nl' | 'en'
}

/** The same in Dutch and English. */
export interface BothWords {
  nl: string
  en: string
}

export interface ChosenStudy {
  studyInstanceUid: string
  /** YYYY-MM-DD, or ''. */
  date: string
  words: BothWords
  /** Name of the hospital it was made at. */
  hospital: string
  /** URA of who gives it. */
  holder: string
  /** A copy here is this hospital's to give; else it is to be brought. */
  local: boolean
  /** That go along: the latest version of each, as far as it is known before they are here. */
  reports: number
  /** YYYY-MM-DD, the day it was chosen for one without a date; '' when none goes along. */
  youngestReport: string
  instances: number
  bytes: number
}

export type PatientOnRecord = NonNullable<AuditEntry['patient']>

export interface Chosen {
  studies: ChosenStudy[]
  patient: PatientOnRecord
  /** For people: as the study states it, in reading order. */
  name: string
  bsn?: string
}

export interface PackageTarget {
  /** 32 bytes; not kept. */
  key: Uint8Array
  /** Where it stands once it is whole. */
  file: string
  /** Pictures, reports and mebibytes together: only how far it is means something. */
  onProgress(progress: { done: number; total: number }): void
  signal: AbortSignal
}

export interface MadePackage {
  /** Of the file. */
  bytes: number
  pictures: number
  /** Images of which no picture could be made; they are in the zip all the same. */
  lost: number
  reports: number
  /** YYYY-MM-DD, or '': what `choose` could only guess of a report at another hospital. */
  youngestReport: string
}
