import type { InstanceHead } from '@twiin/dicom'
import { passesElevenTest } from '@twiin/patient-token'
import type { StudyRecord } from '@twiin/study-store'
import type { Difference } from '../filing/decide-filing.ts'
import type { WorkItem } from '../filing/exception-worklist.ts'

/**
 * What the worklist shows when a machine of this hospital stores other content under an identifier that is here. One for
 * each study: the sender, told 0111, may try again for ever. Nothing to decide: the first stays.
 */
export function conflictNotice(
  study: StudyRecord,
  arrived: { head: InstanceHead; citizenNumbers: readonly string[]; from: { ura: string; name: string } },
): Omit<WorkItem, 'at'> {
  const { handle, studyInstanceUid, studyDate, description, modalities, patient } = study
  const { localId, issuer, name, birthDate, sex } = patient
  const { head, from } = arrived
  const local = { localId, issuer, name, birthDate, sex, ...bsnOf(patient.citizenNumbers) }
  const incoming = {
    localId: shortened(head.patientId?.id),
    issuer: shortened(head.patientId?.issuer ?? head.patientId?.issuerOid),
    name: head.patientName.slice(0, 1024),
    birthDate: head.birthDate ?? '',
    sex: shortened(head.sex),
    bsn: undefined,
    ...bsnOf(arrived.citizenNumbers),
  }
  const fields = ['name', 'birthDate', 'bsn'] as const satisfies readonly Difference[]
  return {
    id: `${handle}.${handle}.0`,
    kind: 'INSTANCE_CONFLICT',
    state: 'notice',
    study: { studyInstanceUid, studyDate, description, modalities },
    incoming: { ...incoming, from },
    local,
    differences: fields.filter((field) => incoming[field] !== (local as typeof incoming)[field]),
  }
}

function bsnOf([number = '', ...others]: readonly string[]): { bsn?: string } {
  return others.length === 0 && passesElevenTest(number) ? { bsn: number } : {}
}

const shortened = (text = '') => text.slice(0, 256)
