import { citizenNumberCandidates } from '@twiin/dicom'
import type { InstanceHead } from '@twiin/dicom'
import type { DiscInstance, DiscPatient, DiscStudy, Problems } from './disc-contents.ts'
import type { Place } from './media-source.ts'

const longestText = 256
const longestName = 1024
const mostCitizenNumbers = 8
const mostModalities = 32

interface Growing extends DiscStudy {
  seriesUids: Set<string>
}

/** Gathers what was found into patients and studies. Strings of thousands of files are kept once. */
export class PatientsOnDisc {
  readonly #problems: Problems
  readonly #patients = new Map<string, DiscPatient & { byUid: Map<string, Growing> }>()
  /** SOP Instance UID → digest. */
  readonly #instances = new Map<string, string>()
  /** Study Instance UID → the first patient that has it. */
  readonly #owners = new Map<string, string>()
  readonly #strings = new Map<string, string>()

  constructor(deps: { problems: Problems }) {
    this.#problems = deps.problems
  }

  get count(): number {
    return this.#instances.size
  }

  /** False when another data set has its SOP Instance UID, or the same was there before. */
  add(head: InstanceHead, instance: DiscInstance, place: Place): boolean {
    const known = this.#instances.get(instance.sopInstanceUid)
    if (known !== undefined) {
      const same = known === instance.sha256
      this.#problems.note(same ? 'SAME_INSTANCE_TWICE' : 'SAME_INSTANCE_DIFFERS', place)
      return false
    }
    this.#instances.set(instance.sopInstanceUid, instance.sha256)
    const patient = this.#patientOf(head)
    const owner = this.#owners.get(head.studyInstanceUid) ?? patient.key
    this.#owners.set(head.studyInstanceUid, owner)
    if (owner !== patient.key) this.#problems.note('PATIENT_UNCLEAR', place)
    const study = this.#studyOf(patient, head)
    study.instances.push({
      ...instance,
      sopClassUid: this.#once(instance.sopClassUid),
      seriesInstanceUid: this.#once(instance.seriesInstanceUid),
      transferSyntaxUid: this.#once(instance.transferSyntaxUid),
    })
    study.bytes += instance.size
    study.seriesUids.add(this.#once(instance.seriesInstanceUid))
    study.series = study.seriesUids.size
    const modality = short(head.modality)
    if (modality !== '' && !study.modalities.includes(modality) && study.modalities.length < mostModalities)
      study.modalities.push(modality)
    return true
  }

  has(sopInstanceUid: string): boolean {
    return this.#instances.has(sopInstanceUid)
  }

  list(): DiscPatient[] {
    return [...this.#patients.values()].map(({ byUid, ...patient }) => ({
      ...patient,
      studies: [...byUid.values()].map(({ seriesUids: _, ...study }) => study),
    }))
  }

  #patientOf(head: InstanceHead) {
    const { id = '', issuer, issuerOid } = head.patientId ?? {}
    const facts = {
      localId: id.slice(0, longestText),
      issuer: (issuer ?? issuerOid ?? '').slice(0, longestText),
      name: head.patientName.slice(0, longestName),
      birthDate: head.birthDate ?? '',
    }
    const identity = JSON.stringify(Object.values(facts))
    let patient = this.#patients.get(identity)
    if (patient === undefined) {
      const key = `p${this.#patients.size + 1}`
      patient = { key, ...facts, sex: '', citizenNumbers: [], studies: [], byUid: new Map() }
      this.#patients.set(identity, patient)
    }
    patient.sex ||= short(head.sex)
    for (const number of citizenNumberCandidates(head, { acceptLegacyOtherPatientIds: false })) {
      const isNew = number.length <= 32 && !patient.citizenNumbers.includes(number)
      if (isNew && patient.citizenNumbers.length < mostCitizenNumbers) patient.citizenNumbers.push(number)
    }
    return patient
  }

  #studyOf(patient: { byUid: Map<string, Growing> }, head: InstanceHead): Growing {
    let study = patient.byUid.get(head.studyInstanceUid)
    if (study === undefined) {
      study = {
        studyInstanceUid: head.studyInstanceUid,
        ...{ studyDate: '', description: '', accessionNumber: '', institution: '' },
        ...{ modalities: [], series: 0, bytes: 0, instances: [], seriesUids: new Set<string>() },
      }
      patient.byUid.set(head.studyInstanceUid, study)
    }
    study.studyDate ||= head.studyDate ?? ''
    study.description ||= short(head.studyDescription)
    study.accessionNumber ||= short(head.accessionNumber)
    study.institution ||= short(head.institution)
    return study
  }

  #once(text: string): string {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    this.#strings.set(text, text)
    return text
  }
}

const short = (text = '') => text.slice(0, longestText)
