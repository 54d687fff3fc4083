import type { StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import type { PatientNumber, PatientsKnown } from '../patients/known-patient.ts'
import type { OruReport } from './read-oru.ts'

/** `conflict`: a study with that UID or accession number is here, and is not of this patient. */
export type Match = { study: StudyRecord } | { conflict: StudyRecord } | undefined

/** The study a report is about (spec 20 §2): never by a number alone that could be another patient's. */
export async function matchStudy(
  report: OruReport,
  studies: Holdings,
  patients: PatientsKnown,
): Promise<Match> {
  const named = await candidates(report, studies)
  const ofPatient: StudyRecord[] = []
  for (const study of named) if (await isOf(report, study, patients)) ofPatient.push(study)
  const [first] = ofPatient.sort((a, b) => a.receivedAt - b.receivedAt || (a.handle < b.handle ? -1 : 1))
  if (first !== undefined) return { study: first }
  return named[0] === undefined ? undefined : { conflict: named[0] }
}

async function candidates(
  { studyInstanceUid, accessionNumbers }: OruReport,
  studies: Holdings,
): Promise<StudyRecord[]> {
  if (studyInstanceUid !== undefined) {
    const study = await studies.studyByUid(studyInstanceUid)
    if (study !== undefined) return [study]
  }
  for (const number of accessionNumbers) {
    const found: StudyRecord[] = []
    for await (const study of studies.studiesWithAccession(number)) found.push(study)
    if (found.length > 0) return found
  }
  return []
}

async function isOf(
  { patient: { numbers, bsn } }: OruReport,
  { patient, identityConflict }: StudyRecord,
  patients: PatientsKnown,
): Promise<boolean> {
  if (identityConflict) return false
  const [stated, ...others] = patient.citizenNumbers
  const isOnly = stated !== undefined && others.length === 0
  // Two numbers that both sides state, and that differ, are two people.
  if (isOnly && bsn !== undefined && stated !== bsn) return false
  if (isOnly && stated === bsn) return true
  // A number that was merged is that of whom it was merged into.
  const nowOf = async (number: PatientNumber) => (await patients.numbered(number)) ?? number
  const ofStudy = await nowOf(patient)
  for (const number of numbers) {
    const { localId, issuer } = await nowOf(number)
    if (localId === ofStudy.localId && issuer === ofStudy.issuer) return true
  }
  return false
}
