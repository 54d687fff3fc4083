import { passesElevenTest } from '@twiin/patient-token'
import type { PatientFacts, StudyRecord } from '@twiin/study-store'
import type { Difference } from '../filing/decide-filing.ts'
import type { WorkItem } from '../filing/exception-worklist.ts'

/** An instance of an archived study says that it is another patient's. */
export interface Mismatch {
  /** As it was indexed. */
  study: StudyRecord
  /** What the instance states. */
  stated: PatientFacts
  /** Name of the archive. */
  archive: string
}

/** What the worklist shows of it, one for each study: nothing to decide here, the archive has to be put right. */
export function mismatchNotice({ study, stated, archive }: Mismatch): Omit<WorkItem, 'at'> {
  const { handle, studyInstanceUid, studyDate, description, modalities } = study
  const [local, incoming] = [shown(study.patient), shown(stated)]
  const fields = ['name', 'birthDate', 'bsn', 'sex'] as const satisfies readonly Difference[]
  return {
    id: `${handle}.${handle}.0`,
    kind: 'IDENTITY_CONFLICT',
    state: 'notice',
    study: { studyInstanceUid, studyDate, description, modalities },
    incoming: { bsn: undefined, ...incoming, from: { ura: '', name: archive } },
    local,
    differences: fields.filter((field) => incoming[field] !== local[field]),
  }
}

function shown({ localId, issuer, name, birthDate, sex, citizenNumbers }: PatientFacts): WorkItem['local'] {
  const [number = '', ...others] = citizenNumbers
  const isOne = others.length === 0 && passesElevenTest(number)
  return { localId, issuer, name, birthDate, sex, ...(isOne ? { bsn: number } : {}) }
}
