import type { StudyChange, StudyRecord, StudyStore } from '@twiin/study-store'

/** What changed of a study. `former`: as it was, when it is held no more or is somebody else's now. */
export interface HoldingChange extends Omit<StudyChange, 'what'> {
  /** `removed`: it is held no more. */
  what: StudyChange['what'] | 'removed'
  former?: StudyRecord
}

/**
 * What this hospital holds, wherever it lies: in the node's own store, or in the archive behind it (spec 18). Both look
 * the same from here, but that `instances` of an archived study fetches it first: it can take minutes, and throws
 * ARCHIVE_UNREACHABLE, ARCHIVE_INCOMPLETE, ARCHIVE_CHANGED or ARCHIVE_FULL when that fails.
 */
export interface Holdings extends Pick<
  StudyStore,
  | 'studies'
  | 'studyByUid'
  | 'studyByHandle'
  | 'copiesOf'
  | 'series'
  | 'instances'
  | 'instanceByUid'
  | 'readDataSet'
  | 'studiesOfPatient'
  | 'studiesWithCitizenNumber'
  | 'studiesWithAccession'
  | 'studiesOnDay'
  | 'patientByNumber'
  | 'patientsByCitizenNumber'
  | 'patientsBornOn'
> {
  /** Called after the change is durable. Returns the way to stop listening. */
  onChange(listener: (change: HoldingChange) => void): () => void
  /** Whether `instances` of this study gives them without fetching it first. Absent: always. */
  isAtHand?(study: StudyRecord): Promise<boolean>
  /** What was held lately, or was somebody else's, so that whoever was shown with it is looked at again. */
  formerStudies?(): AsyncIterable<StudyRecord>
}
