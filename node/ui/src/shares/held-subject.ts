import type { HeldStudy } from '../api-types.ts'
import { patientKey } from '../format.ts'
import type { ShareSubject } from './shareable-study.ts'

/** What may go along with studies that this hospital holds: all of that patient in the list, one copy of each. */
export function heldSubject(listed: readonly HeldStudy[], chosen: readonly HeldStudy[]): ShareSubject {
  const whose = new Set(chosen.map(patientKey))
  const ofPatient = listed.filter((study) => whose.has(patientKey(study)))
  return {
    studies: [...new Map(ofPatient.map((study) => [study.studyInstanceUid, study])).values()],
    chosen: chosen.map(({ studyInstanceUid }) => studyInstanceUid),
  }
}
