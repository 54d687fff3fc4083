/** What the dialog shows of a study that may be chosen. */
export interface ShareableStudy {
  studyInstanceUid: string
  studyDate: string | null
  modalities: readonly string[]
  description: string
  instances: number
  bytes: number
  reports: number
  /** Name of the hospital it lies at; absent when it is here. */
  elsewhere?: string
}

export interface ShareSubject {
  /** Of one patient, in the order in which they stood. */
  studies: readonly ShareableStudy[]
  /** UIDs that are ticked to begin with. */
  chosen: readonly string[]
  /** The search that found what lies elsewhere. */
  searchId?: string
}
