import type { Bsn } from '@twiin/patient-token'
import type { LocalPatient, StudyRecord } from '@twiin/study-store'
import type { Holdings } from './holdings.ts'
import { patientOf } from './publishability.ts'

/** The patients of this hospital by BSN, as its own studies describe them. */
export class OwnPatients {
  readonly #studies: Holdings

  constructor(deps: { studies: Holdings }) {
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

  /**
   * The patient. `conflict`: it is in doubt whose this BSN is, because records under it disagree on the birth date or
   * one contradicts itself; then nobody else may see anything of it. Undefined when unknown.
   */
  async find(bsn: Bsn): Promise<LocalPatient | undefined> {
    const records = await this.#studies.patientsByCitizenNumber(bsn)
    const [patient] = records
    if (patient === undefined) return undefined
    const conflict = records.some((one) => one.conflict || one.birthDate !== patient.birthDate)
    return { ...patient, conflict }
  }
}
