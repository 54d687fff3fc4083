import type { Owner } from '@twiin/study-store'

/** A directed send of single instances that follow on a study which the recipient has (spec 20 §3). */
export interface Follow {
  /** The same for the same instance and recipient: a repetition is the same send. */
  id: string
  ura: string
  studyInstanceUid: string
  only: Only
  kind: 'report' | 'recall'
  reason: string
}

/** The instances of a send that is not of a whole study, and of whose copy. */
export interface Only {
  owner: Owner
  sopInstanceUids: readonly string[]
}
