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
  return {
    id: `${handle}.${opaqueId}.0`,
    kind: 'REPORT_PATIENT_CONFLICT',
    state: 'notice',
    study: { studyInstanceUid, studyDate, description, modalities },
    incoming: incomingOf(report),
    local: { localId, issuer, name, birthDate, sex },
    differences: [],
  }
}

/** What it shows when no study came for a report in all the time that reports wait. */
export function reportUnmatched(report: OruReport, opaqueId: string): Omit<WorkItem, 'at'> {
  const { studyInstanceUid = '', accessionNumbers, date, service } = report
  const day = date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  const description = [service, accessionNumbers[0] ?? ''].filter((part) => part !== '').join(' · ')
  return {
    ...({ id: `${opaqueId}.0`, kind: 'REPORT_UNMATCHED', state: 'notice', differences: [] } as const),
    study: { studyInstanceUid, studyDate: day, description, modalities: [] },
    incoming: incomingOf(report),
    local: { localId: '', issuer: '', name: '', birthDate: '', sex: '' },
  }
}

function incomingOf({ patient: { numbers, bsn } }: OruReport): WorkItem['incoming'] {
  const [number] = numbers
  return {
    ...{ localId: number?.localId ?? '', issuer: number?.issuer ?? '', bsn },
    ...{ name: '', birthDate: '', sex: '', from: { ura: '', name: 'HL7' } },
  }
}
