/** Where an instance came from. Only what came from this hospital's own machines tells who its patients are. */
export type Origin =
  | { kind: 'local'; callingAe: string; calledAe: string }
  | { kind: 'remote'; ura: string; transferId?: string }
  | { kind: 'disc'; institution: string; transferId?: string }

/**
 * Whose a copy of a study is: `local`, the URA of the hospital it was received from, or `disc`. Copies of different owners are
 * studies apart, also under one UID: nobody adds to, contradicts, or takes the UID of what another has made.
 */
export type Owner = string

export const ownerOf = (origin: Origin): Owner => (origin.kind === 'remote' ? origin.ura : origin.kind)

/** The patient as the data set states it; empty text where it states nothing. Dates are `YYYY-MM-DD`. */
export interface PatientFacts {
  localId: string
  /** Issuer of Patient ID: its name, else the OID in its qualifiers, else empty. */
  issuer: string
  name: string
  birthDate: string
  sex: string
  /**
   * Citizen numbers found where an object may carry them (`citizenNumberCandidates` of `@twiin/dicom`); more than one
   * distinct number means: keep, do not publish.
   */
  citizenNumbers: readonly string[]
}

export interface StudyRecord {
  /** 32 hex digits, random and ordered by time of first arrival. Says nothing about the study. */
  handle: string
  studyInstanceUid: string
  patient: PatientFacts
  /** `YYYY-MM-DD`, or empty. */
  studyDate: string
  /** `HH:MM:SS`, or empty. */
  studyTime: string
  description: string
  modalities: readonly string[]
  bodyParts: readonly string[]
  accessionNumber: string
  institution: string
  /** These two are absent in records of before they were kept, as are those of a series and an instance below. */
  studyId?: string
  referringPhysician?: string
  series: number
  instances: number
  bytes: number
  /** Instances that are reports: structured reports and encapsulated documents. */
  reports: number
  /** Of the first instance; those of all have the same owner. */
  origin: Origin
  /** Milliseconds since the epoch: first and latest instance. */
  receivedAt: number
  updatedAt: number
  /**
   * Its instances disagree on who the patient is, or it was made here and its patient number is also somebody else's.
   * Such a study is never published and never filed without a person's decision.
   */
  identityConflict: boolean
  /** Made here; or everything that another hospital's manifest named of it was once here. Part of a study is none. */
  isWhole: boolean
}

export interface SeriesRecord {
  seriesInstanceUid: string
  modality: string
  description: string
  number?: number
  bodyPart: string
  /** `YYYY-MM-DD` */
  date?: string
  /** `HH:MM:SS` */
  time?: string
  instances: number
  bytes: number
}

export interface InstanceRecord {
  study: string
  seriesInstanceUid: string
  sopInstanceUid: string
  sopClassUid: string
  /** Of the data set's bytes as they are kept. */
  transferSyntaxUid: string
  instanceNumber?: number
  numberOfFrames?: number
  rows?: number
  columns?: number
  isReport: boolean
  /** Bytes of the data set, without preamble and file meta. */
  size: number
  sha256: Uint8Array
  origin: Origin
  receivedAt: number
  /** Name of the sealed blob that holds the bytes. */
  blob: string
  /** It was taken back (IHE IOCM): kept, and in no list, count or answer. */
  rejected?: Rejection
}

/** Why an instance is hidden. */
export interface Rejection {
  /** Code of the rejection note's title (PS3.16 CID 7010): `113001`, … */
  title: string
  /** SOP Instance UID of the note. */
  note: string
}

/** A patient this hospital knows, as its own machines' studies describe him. */
export interface LocalPatient {
  localId: string
  issuer: string
  name: string
  birthDate: string
  sex: string
  /** Undefined when none is known, or when two differ. */
  citizenNumber?: string
  /** Two studies under this number differ in birth date or citizen number: the number is not one person's. */
  conflict: boolean
}

/** A second, different data set under a SOP Instance UID that was already here. Kept aside for a person to judge. */
export interface QuarantinedInstance {
  id: string
  study: string
  sopInstanceUid: string
  transferSyntaxUid: string
  size: number
  sha256: Uint8Array
  origin: Origin
  receivedAt: number
  blob: string
}

export interface StudyChange {
  handle: string
  /** `arrived`: an instance was added; `identity`: the conflict flag may have changed; `rejected`: some were hidden. */
  what: 'arrived' | 'identity' | 'rejected'
}
