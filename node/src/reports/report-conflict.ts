import type { StudyRecord } from '@twiin/study-store'
import type { WorkItem } from '../filing/exception-worklist.ts'
import type { OruReport } from './read-oru.ts'

/** What the worklist shows when a report names a study of another patient. It waits; nothing is attached by guessing. */
export function reportConflict(
  study: StudyRecord,
  report: OruReport,
  opaqueId: string,
): Omit<WorkItem, 'at'> {
  const { handle, studyInstanceUid, studyDate, description, modalities, patient } = study
  const { localId, issuer, name, birthDate, sex } = patient
  const [number] = report.patient.numbers
  return {
    id: `${handle}.${opaqueId}.0`,
    kind: 'REPORT_PATIENT_CONFLICT',
    state: 'notice',
    study: { studyInstanceUid, studyDate, description, modalities },
    incoming: {
      ...{ localId: number?.localId ?? '', issuer: number?.issuer ?? '' },
      ...{ name: '', birthDate: '', sex: '', bsn: report.patient.bsn },
      from: { ura: '', name: 'HL7' },
    },
    local: { localId, issuer, name, birthDate, sex },
    differences: [],
  }
}
