import type { LocalPatient } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import type { KnownPatient, PatientNumber, PatientsKnown } from '../patients/known-patient.ts'
import type { IncomingPatient, PatientHere } from './decide-filing.ts'
import { familyKeys } from './names-agree.ts'

interface Deps {
  studies: Pick<Holdings, 'patientsByCitizenNumber' | 'patientByNumber' | 'patientsBornOn'>
  /** The patient administration, or the PACS: it knows better than our own studies who has a number. */
  patients: PatientsKnown
}

/** Of one day: there are days that stand for *not known*, with thousands born on them. */
const mostLookedAt = 4096
const mostAlike = 64

/** Whom this hospital knows, from its patient administration first and its own studies second (spec 16 §1). */
export class PatientsHere {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Who may be the patient of a study: with his BSN, and others of his birth date and name. Once each. */
  async candidates(
    incoming: IncomingPatient,
  ): Promise<{ byCitizenNumber: PatientHere[]; alike: PatientHere[] }> {
    const { studies, patients } = this.#deps
    const { bsn, name, birthDate } = incoming
    const found = new Map<string, PatientHere>()
    const add = (patient: PatientHere) =>
      void found.set(JSON.stringify([patient.issuer, patient.localId]), patient)
    if (bsn !== undefined) {
      for (const stated of await studies.patientsByCitizenNumber(bsn)) add(await this.now(stated))
      for (const known of await patients.byBsn(bsn)) add(fromAdministration(known))
    }
    const byCitizenNumber = [...found.values()]
    found.clear()
    for (const stated of await this.#ownAlike(name, birthDate)) add(await this.now(stated))
    for (const known of await patients.alike(name, birthDate)) add(fromAdministration(known))
    for (const one of byCitizenNumber) found.delete(JSON.stringify([one.issuer, one.localId]))
    const alike = [...found.values()]
    const hasBsn = (one: PatientHere) => bsn !== undefined && one.citizenNumber === bsn
    return {
      byCitizenNumber: [...byCitizenNumber, ...alike.filter(hasBsn)],
      alike: alike.filter((one) => !hasBsn(one)),
    }
  }

  /** The patient as the administration knows him: by his number when it is one of ours, else by his BSN. */
  async administered(person: IncomingPatient): Promise<PatientHere | undefined> {
    const { patients } = this.#deps
    const byNumber = person.localId === '' ? undefined : await patients.numbered(person)
    const known = byNumber ?? (person.bsn === undefined ? undefined : (await patients.byBsn(person.bsn))[0])
    return known && fromAdministration(known)
  }

  /** Who has the number of this patient now, as the administration states him; as our studies do when it does not know. */
  async now(stated: LocalPatient): Promise<PatientHere> {
    const known = stated.localId === '' ? undefined : await this.#deps.patients.numbered(stated)
    return known === undefined ? stated : { ...fromAdministration(known), conflict: stated.conflict }
  }

  /** Of whom our own studies say that he was born that day, with that family name or one of its parts. */
  async #ownAlike(name: string, birthDate: string): Promise<LocalPatient[]> {
    const families = new Set(familyKeys(name))
    const found: LocalPatient[] = []
    if (birthDate.length !== 10 || families.size === 0) return found
    let looked = 0
    for await (const patient of this.#deps.studies.patientsBornOn(birthDate)) {
      if (familyKeys(patient.name).some((family) => families.has(family))) found.push(patient)
      if (++looked >= mostLookedAt || found.length >= mostAlike) break
    }
    return found
  }

  async numbered(number: PatientNumber): Promise<PatientHere | undefined> {
    const known = await this.#deps.patients.numbered(number)
    if (known !== undefined) return fromAdministration(known)
    return this.#deps.studies.patientByNumber(number.localId, number.issuer)
  }
}

function fromAdministration(known: KnownPatient): PatientHere {
  const { localId, issuer, birthDate, sex, bsn, doubts } = known
  const [name = '', ...otherNames] = known.names
  return {
    ...{ localId, issuer, name, otherNames, birthDate, sex, doubts, conflict: false },
    ...(bsn === undefined ? {} : { citizenNumber: bsn }),
  }
}
