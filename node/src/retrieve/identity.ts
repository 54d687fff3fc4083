import type { StudyRecord } from '@twiin/study-store'

/** Whether a study may be shown as this patient's. One that states no citizen number contradicts nobody. */
export function isOf({ patient, identityConflict }: StudyRecord, bsn: string): boolean {
  const stated = patient.citizenNumbers
  return !identityConflict && (stated.length === 0 || (stated.length === 1 && stated[0] === bsn))
}
