import { parseBsn } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import type { StudyRecord } from '@twiin/study-store'
import { comparePatients } from '../filing/compare-patients.ts'
import type { KnownPatient, PatientsKnown } from '../patients/known-patient.ts'
import { patientOf } from './publishability.ts'
import type { Unpublishable } from './publishability.ts'

/**
 * Whose a study is, when what the hospital's patient administration knows is taken into account (spec 16 §4): a study that
 * came without BSN has that of its patient once it is known, if number, birth date and name all say that it is his; one
 * whose BSN is not the one the hospital has for its patient is in doubt.
 */
export class StudyOwners {
  readonly #patients: PatientsKnown

  constructor(deps: { patients: PatientsKnown }) {
    this.#patients = deps.patients
  }

  async ownerOf(study: StudyRecord): Promise<{ bsn: Bsn } | { reason: Unpublishable }> {
    const owner = patientOf(study)
    const isOpen = 'bsn' in owner || owner.reason === 'NO_BSN'
    if (!isOpen || study.patient.localId === '') return owner
    const known = await this.#patients.numbered(study.patient)
    if (known?.bsn === undefined || known.doubts.includes('bsn')) return owner
    if ('bsn' in owner) return owner.bsn === known.bsn ? owner : { reason: 'IDENTITY_CONFLICT' }
    return isSurely(study, known) ? { bsn: parseBsn(known.bsn) } : owner
  }
}

/** The number says who it should be; birth date and name must say the same, and nothing the contrary. */
function isSurely({ patient }: StudyRecord, known: KnownPatient): boolean {
  const [name = '', ...otherNames] = known.names
  const { birthDate, sex, doubts } = known
  const { fields } = comparePatients(
    { ...patient, bsn: undefined },
    { name, otherNames, birthDate, sex, doubts, bsn: undefined },
  )
  return (
    fields.birthDate.verdict === 'agrees' &&
    ['agrees', 'near'].includes(fields.familyName.verdict) &&
    fields.givenName.verdict !== 'differs' &&
    fields.sex.verdict !== 'differs'
  )
}
