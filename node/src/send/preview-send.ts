import { TwiinError } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import { whatGoes } from './what-goes.ts'

export type SendWarning =
  'SEVERAL_STUDIES' | 'NOT_THE_LATEST' | 'SEVERAL_PATIENTS' | 'FROM_ELSEWHERE' | 'NOTHING_LEFT'

/**
 * What would go with a send, and what somebody should think of first (spec 17 §5): too many studies go beyond what the
 * referral covers. Throws `STUDY_UNKNOWN`.
 */
export async function previewSend(
  studyInstanceUids: readonly string[],
  {
    studies,
    house,
    excluded,
  }: { studies: Holdings; house: Pick<HouseStudies, 'copyToGive'>; excluded: readonly string[] },
) {
  const found: StudyRecord[] = []
  for (const uid of new Set(studyInstanceUids)) {
    const study = await house.copyToGive(uid)
    if (study === undefined) throw new TwiinError('STUDY_UNKNOWN')
    found.push(study)
  }
  const row = async (study: StudyRecord) => {
    const { studyInstanceUid, studyDate, modalities, description } = study
    const { instances, bytes, staying } = await whatGoes(study, excluded, studies)
    const isLatest = !(await hasNewer(study, found, studies))
    return {
      ...{ studyInstanceUid, studyDate, modalities, description, instances, bytes },
      ...{ excluded: staying, isLatest, isFromElsewhere: study.origin.kind === 'remote' },
    }
  }
  const rows = await Promise.all(found.map(row))
  const patients = new Set(
    found.map(({ patient }) => `${patient.issuer}|${patient.localId}|${patient.birthDate}`),
  )
  const warnings: SendWarning[] = [
    ...(found.length > 1 ? ['SEVERAL_STUDIES' as const] : []),
    ...(rows.some(({ isLatest }) => !isLatest) ? ['NOT_THE_LATEST' as const] : []),
    ...(patients.size > 1 ? ['SEVERAL_PATIENTS' as const] : []),
    ...(rows.some(({ isFromElsewhere }) => isFromElsewhere) ? ['FROM_ELSEWHERE' as const] : []),
    ...(rows.every(({ instances }) => instances === 0) ? ['NOTHING_LEFT' as const] : []),
  ]
  const sum = (what: 'instances' | 'bytes') => rows.reduce((total, row) => total + row[what], 0)
  return { studies: rows, instances: sum('instances'), bytes: sum('bytes'), warnings }
}

/** Whether this hospital made a newer study of the same patient that would not go with it. */
async function hasNewer(
  study: StudyRecord,
  going: readonly StudyRecord[],
  studies: Holdings,
): Promise<boolean> {
  const { localId, issuer } = study.patient
  if (localId === '' || study.studyDate === '') return false
  for await (const other of studies.studiesOfPatient({ localId, issuer }))
    if (
      other.origin.kind === 'local' &&
      other.studyDate > study.studyDate &&
      !going.some(({ studyInstanceUid }) => studyInstanceUid === other.studyInstanceUid)
    )
      return true
  return false
}
