import type { Bsn } from '@twiin/patient-token'
import type { LocalPatient, StudyRecord, StudyStore } from '@twiin/study-store'
import { patientOf } from './publishability.ts'

/** The patients of this hospital by BSN, as its own studies describe them. */
export class OwnPatients {
  readonly #studies: StudyStore

  constructor(deps: { studies: StudyStore }) {
    this.#studies = deps.studies
  }

  /** Studies made here that are surely this patient's, newest first. */
  async studiesOf(bsn: Bsn): Promise<StudyRecord[]> {
    const found: StudyRecord[] = []
    for await (const study of this.#studies.studiesWithCitizenNumber(bsn)) {
      const owner = patientOf(study)
      if ('bsn' in owner && owner.bsn === bsn) found.push(study)
    }
    return found.sort((a, b) => b.studyDate.localeCompare(a.studyDate) || b.receivedAt - a.receivedAt)
  }

  /** The patient, with `conflict` when records under this BSN disagree on the birth date. Undefined when unknown. */
  async find(bsn: Bsn): Promise<LocalPatient | undefined> {
    const [patient, ...others] = await this.#studies.patientsByCitizenNumber(bsn)
    if (patient === undefined) return undefined
    const disagree = others.some(({ birthDate }) => birthDate !== patient.birthDate)
    return { ...patient, conflict: patient.conflict || disagree }
  }
}
