import { createHash } from 'node:crypto'
import type { LocalPatient } from '@twiin/study-store'
import { namesAgree } from './names-agree.ts'

/** The patient of a study that arrived, as its holder describes him. */
export interface IncomingPatient {
  localId: string
  issuer: string
  name: string
  birthDate: string
  sex: string
  /** Undefined when the study carries none. */
  bsn: string | undefined
}

export type Difference = 'name' | 'birthDate' | 'bsn'

export type Filing =
  | { as: 'local'; patientId: { id: string; issuer: string } }
  /** `apart`: another person here has the number that the holder gave this patient. */
  | { as: 'external'; patientId: { id: string; issuer: string }; apart?: LocalPatient }
  /** `withItself`: the study contradicts itself, and `local` is what it says; nobody here is meant. */
  | { as: 'held'; local: LocalPatient; differences: Difference[]; withItself?: true }

/** What is known here that decides. */
export interface KnownHere {
  holderUra: string
  studyInstanceUid: string
  /** Issuer of this hospital's own numbers. */
  ownIssuer: string
  /** Patients of this hospital with the incoming BSN. */
  byCitizenNumber: readonly LocalPatient[]
  /** The patient of the study that this hospital made itself under the same UID, if it did. */
  sameStudy?: LocalPatient | undefined
  /** Looks up a number of this hospital. */
  numbered: (id: string) => Promise<LocalPatient | undefined>
}

/** Under which number a study from elsewhere may be filed (ADR 0004): never one that can be somebody else's. */
export async function decideFiling(incoming: IncomingPatient, known: KnownHere): Promise<Filing> {
  for (const local of known.byCitizenNumber) {
    const differences = differencesBetween(incoming, local)
    if (differences.length > 0 || local.conflict) return { as: 'held', local, differences }
  }
  const { sameStudy } = known
  if (
    sameStudy !== undefined &&
    !known.byCitizenNumber.some((patient) => haveOneNumber(patient, sameStudy))
  ) {
    // In the PACS it would join our own study, as another patient.
    const differences = differencesBetween(incoming, sameStudy)
    const unnumbered = sameStudy.localId === ''
    return { as: 'held', local: sameStudy, differences, ...(unnumbered ? { withItself: true } : {}) }
  }
  const same = sameStudy ?? preferred(known.byCitizenNumber, known.ownIssuer)
  if (same !== undefined) return { as: 'local', patientId: { id: same.localId, issuer: same.issuer } }

  const external = externalNumber(incoming.localId, known)
  const taken = await known.numbered(external.id)
  if (taken !== undefined)
    return { as: 'held', local: taken, differences: differencesBetween(incoming, taken) }
  const namesake = incoming.localId === '' ? undefined : await known.numbered(incoming.localId)
  return { as: 'external', patientId: external, ...(namesake === undefined ? {} : { apart: namesake }) }
}

const haveOneNumber = (one: LocalPatient, other: LocalPatient) =>
  one.localId === other.localId && one.issuer === other.issuer

/** Of several records of one person: one with our own issuer, and always the same one. */
function preferred(patients: readonly LocalPatient[], ownIssuer: string): LocalPatient | undefined {
  const rank = ({ issuer, localId }: LocalPatient) => `${issuer === ownIssuer ? 0 : 1} ${issuer} ${localId}`
  return [...patients].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0]
}

/** What a person has to look at. A date or name that one side lacks cannot agree. */
export function differencesBetween(incoming: IncomingPatient, local: LocalPatient): Difference[] {
  return [
    ...(local.citizenNumber !== undefined &&
    incoming.bsn !== undefined &&
    local.citizenNumber !== incoming.bsn
      ? ['bsn' as const]
      : []),
    ...(incoming.birthDate === '' || incoming.birthDate !== local.birthDate ? ['birthDate' as const] : []),
    ...(namesAgree(incoming.name, local.name) ? [] : ['name' as const]),
  ]
}

/**
 * `<URA>.<number there>`, issuer `TWIIN:<URA>`. A number that does not fit Patient ID (64 characters, no backslash) is
 * replaced by its digest; without one the study stands for itself, for two unknown patients are not one.
 */
export function externalNumber(
  localId: string,
  { holderUra, studyInstanceUid }: { holderUra: string; studyInstanceUid: string },
): { id: string; issuer: string } {
  const fits = localId.length <= 64 - holderUra.length - 1 && /^[\x20-\x5b\x5d-\x7e]+$/.test(localId)
  const number = fits ? localId : digestOf(localId === '' ? `study ${studyInstanceUid}` : localId)
  return { id: `${holderUra}.${number}`, issuer: `TWIIN:${holderUra}` }
}

/** Like `externalNumber`, for this study alone: when a person said that its number here is somebody else's. */
export function numberForStudy(holderUra: string, studyInstanceUid: string): { id: string; issuer: string } {
  return externalNumber('', { holderUra, studyInstanceUid })
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)
