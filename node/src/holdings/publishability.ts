import { parseBsn, passesElevenTest } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import type { StudyRecord } from '@twiin/study-store'

/** Why a study that is held here cannot be found by others, apart from consent. Shown with the study. */
export type Unpublishable = 'NOT_OURS' | 'NO_BSN' | 'BSN_INVALID' | 'BSN_AMBIGUOUS' | 'IDENTITY_CONFLICT'

/** The one patient a study belongs to, or why it cannot be tied to one (spec 08 §4). */
export function patientOf(study: StudyRecord): { bsn: Bsn } | { reason: Unpublishable } {
  if (study.origin.kind !== 'local') return { reason: 'NOT_OURS' }
  if (study.identityConflict) return { reason: 'IDENTITY_CONFLICT' }
  const [candidate, ...others] = study.patient.citizenNumbers
  if (candidate === undefined) return { reason: 'NO_BSN' }
  if (others.length > 0) return { reason: 'BSN_AMBIGUOUS' }
  return passesElevenTest(candidate) ? { bsn: parseBsn(candidate) } : { reason: 'BSN_INVALID' }
}
