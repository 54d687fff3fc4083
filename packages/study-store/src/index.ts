/** The hospital's holdings: instances kept exactly as received, sealed, and the catalogue over them. */
export { StudyStore } from './study-store.ts'
export type { StudyStoreDeps } from './study-store.ts'
export type { Committed, IncomingFacts, IncomingInstance } from './incoming-instance.ts'
export { ownerOf } from './records.ts'
export { isReportClass } from './report-classes.ts'
export { contradict, mergePatient, patientFacts, toLocalPatient } from './patient-facts.ts'
export type {
  InstanceRecord,
  LocalPatient,
  Origin,
  Owner,
  PatientFacts,
  QuarantinedInstance,
  Rejection,
  SeriesRecord,
  StudyChange,
  StudyRecord,
} from './records.ts'
