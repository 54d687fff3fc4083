import type { Bsn } from '@twiin/patient-token'
import type { LocalPatient, StudyRecord } from '@twiin/study-store'
import type { LocalPatients } from '../patients/local-patients.ts'
import type { Holdings } from './holdings.ts'
import type { StudyOwners } from './study-owners.ts'

type Known = Pick<LocalPatients, 'byBsn' | 'numbered'>

/** The patients of this hospital by BSN, as its patient administration and its own studies describe them. */
export class OwnPatients {
  readonly #studies: Holdings
  readonly #known: Known
  readonly #owners: StudyOwners

  constructor(deps: { studies: Holdings; known: Known; owners: StudyOwners }) {
    this.#studies = deps.studies
    this.#known = deps.known
    this.#owners = deps.owners
  }

  /** Studies made here that are surely this patient's, newest first. */
  async studiesOf(bsn: Bsn): Promise<StudyRecord[]> {
    const found = new Map<string, StudyRecord>()
    for await (const study of this.#studies.studiesWithCitizenNumber(bsn)) found.set(study.handle, study)
    // Those that came before the BSN was known, also under numbers that were merged since.
    for (const patient of await this.#known.byBsn(bsn))
      for (const number of [patient, ...patient.merged])
        for await (const study of this.#studies.studiesOfPatient(number)) found.set(study.handle, study)
    const own: StudyRecord[] = []
    for (const study of found.values()) {
      const owner = await this.#owners.ownerOf(study)
      if ('bsn' in owner && owner.bsn === bsn) own.push(study)
    }
    return own.sort((a, b) => b.studyDate.localeCompare(a.studyDate) || b.receivedAt - a.receivedAt)
  }

  /**
   * The patient. `conflict`: it is in doubt whose this BSN is, because records under it disagree on the birth date or
   * one contradicts itself; then nobody else may see anything of it. Undefined when unknown.
   */
  async find(bsn: Bsn): Promise<LocalPatient | undefined> {
    const known = (await this.#known.byBsn(bsn)).map(({ names, localId, issuer, birthDate, sex }) => ({
      ...{ localId, issuer, birthDate, sex, name: names[0] ?? '', citizenNumber: bsn, conflict: false },
    }))
    const stated: LocalPatient[] = []
    for (const patient of await this.#studies.patientsByCitizenNumber(bsn)) {
      // A number that the administration gives another BSN is not this patient's, whatever a study says.
      const other = (await this.#known.numbered(patient))?.bsn
      if (other === undefined || other === bsn) stated.push(patient)
    }
    // The administration may not know a birth date; a study that has none leaves it in doubt whose it is.
    const records = [...known.filter(({ birthDate }) => birthDate !== ''), ...stated]
    const [patient = known[0]] = records
    if (patient === undefined) return undefined
    const dates = new Set(records.map(({ birthDate }) => birthDate))
    const conflict = dates.size > 1 || records.some((one) => one.conflict)
    return { ...patient, conflict }
  }
}
