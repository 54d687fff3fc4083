import { createHash } from 'node:crypto'
import type { LocalPatient } from '@twiin/study-store'
import type { Doubt } from '../patients/known-patient.ts'
import { comparePatients } from './compare-patients.ts'
import type { Comparison, Person } from './compare-patients.ts'

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

export type Difference = 'name' | 'birthDate' | 'bsn' | 'sex'

/** A patient of this hospital, with what its patient administration knows beside. */
export interface PatientHere extends LocalPatient {
  otherNames?: readonly string[]
  doubts?: readonly Doubt[]
}

export type Filing =
  | { as: 'local'; patientId: { id: string; issuer: string } }
  /** `apart`: another person here has the number that the holder gave this patient. */
  | { as: 'external'; patientId: { id: string; issuer: string }; apart?: LocalPatient }
  /** `withItself`: the study contradicts itself, and `local` is what it says; nobody here is meant. */
  | {
      as: 'held'
      local: LocalPatient
      differences: Difference[]
      comparison?: Comparison
      withItself?: true
    }

/** What is known here that decides. */
export interface KnownHere {
  holderUra: string
  studyInstanceUid: string
  /** Issuer of this hospital's own numbers. */
  ownIssuer: string
  /** Patients of this hospital with the incoming BSN. */
  byCitizenNumber: readonly PatientHere[]
  /** Others of the same birth date and family name. */
  alike?: readonly PatientHere[]
  /** The patient of the study that this hospital made itself under the same UID, if it did. */
  sameStudy?: PatientHere | undefined
  /** The holder's number as an external number has it, when not as it is: it is a BSN (spec 16 §3). */
  disguised?: string | undefined
  /** Number of this hospital that a person gave for the patient. */
  stated?: string | undefined
  /** Looks up a number of this hospital. */
  numbered: (id: string) => Promise<LocalPatient | undefined>
}

/** Under which number a study from elsewhere may be filed (ADR 0004): never one that can be somebody else's. */
export async function decideFiling(incoming: IncomingPatient, known: KnownHere): Promise<Filing> {
  for (const local of known.byCitizenNumber) {
    const comparison = compareWith(incoming, local)
    if (!comparison.sure || local.conflict) return heldOver(incoming, local)
  }
  const { sameStudy } = known
  if (
    sameStudy !== undefined &&
    !known.byCitizenNumber.some((patient) => haveOneNumber(patient, sameStudy))
  ) {
    // In the PACS it would join our own study, as another patient.
    const unnumbered = sameStudy.localId === ''
    return { ...heldOver(incoming, sameStudy), ...(unnumbered ? { withItself: true } : {}) }
  }
  // His BSN may be mistyped, or not known on one side: who is that much alike is not filed as somebody else.
  const isSettled = known.byCitizenNumber.length > 0 || known.stated !== undefined
  const likely = isSettled ? undefined : mostAlike(incoming, known.alike ?? [])
  if (likely !== undefined) return heldOver(incoming, likely)
  if (known.stated !== undefined) return decideByStatement(incoming, known.stated, known)
  const same = sameStudy ?? preferred(known.byCitizenNumber, known.ownIssuer)
  if (same !== undefined) return { as: 'local', patientId: { id: same.localId, issuer: same.issuer } }

  const external = externalNumber(known.disguised ?? incoming.localId, known)
  const taken = await known.numbered(external.id)
  if (taken !== undefined) return heldOver(incoming, taken)
  const namesake = incoming.localId === '' ? undefined : await known.numbered(incoming.localId)
  return { as: 'external', patientId: external, ...(namesake === undefined ? {} : { apart: namesake }) }
}

/**
 * A person said whose it is. What is known here of that number must agree; and what says that it is somebody else's (his
 * BSN, our own study of the same UID, a number unknown here while somebody alike has another) is stronger than a number
 * that was typed.
 */
async function decideByStatement(
  incoming: IncomingPatient,
  stated: string,
  known: KnownHere,
): Promise<Filing> {
  // The number that survived, when that one was merged.
  const here = await known.numbered(stated)
  const said = { localId: here?.localId ?? stated, issuer: here?.issuer ?? known.ownIssuer }
  const others = [
    ...known.byCitizenNumber,
    ...(known.sameStudy === undefined ? [] : [known.sameStudy]),
    ...(here === undefined ? [mostAlike(incoming, known.alike ?? [])] : []),
  ]
  const other = others.find((patient) => patient !== undefined && !haveOneNumber(patient, said))
  if (other !== undefined) return heldOver(incoming, other)
  const differs = here !== undefined && differencesBetween(incoming, here).length > 0
  if (here !== undefined && (differs || here.conflict)) return heldOver(incoming, here)
  return { as: 'local', patientId: { id: said.localId, issuer: said.issuer } }
}

type Numbered = Pick<LocalPatient, 'localId' | 'issuer'>
const haveOneNumber = (one: Numbered, other: Numbered) =>
  one.localId === other.localId && one.issuer === other.issuer

/** Of several records of one person: one with our own issuer, and always the same one. */
function preferred(patients: readonly LocalPatient[], ownIssuer: string): LocalPatient | undefined {
  const rank = ({ issuer, localId }: LocalPatient) => `${issuer === ownIssuer ? 0 : 1} ${issuer} ${localId}`
  return [...patients].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0]
}

function heldOver(incoming: IncomingPatient, local: PatientHere): Extract<Filing, { as: 'held' }> {
  const comparison = compareWith(incoming, local)
  return { as: 'held', local, differences: differencesIn(comparison), comparison }
}

/** Whom a person must look at first, if anybody. */
function mostAlike(incoming: IncomingPatient, alike: readonly PatientHere[]): PatientHere | undefined {
  return alike
    .map((local) => ({ local, ...compareWith(incoming, local) }))
    .filter(({ possible }) => possible)
    .sort((a, b) => b.score - a.score || (a.local.localId < b.local.localId ? -1 : 1))[0]?.local
}

export function compareWith(incoming: IncomingPatient, local: PatientHere): Comparison {
  const { citizenNumber: bsn, ...rest } = local
  const here: Person = { ...rest, bsn }
  return comparePatients(incoming, here)
}

/** What a person has to look at. A date or name that one side lacks cannot agree. */
export function differencesBetween(incoming: IncomingPatient, local: PatientHere): Difference[] {
  return differencesIn(compareWith(incoming, local))
}

function differencesIn({ fields }: Comparison): Difference[] {
  const { bsn, birthDate, familyName, givenName, sex } = fields
  return [
    ...(bsn.verdict === 'near' || bsn.verdict === 'differs' ? ['bsn' as const] : []),
    ...(birthDate.verdict === 'agrees' ? [] : ['birthDate' as const]),
    ...(familyName.verdict === 'agrees' && ['agrees', 'near'].includes(givenName.verdict)
      ? []
      : ['name' as const]),
    ...(sex.verdict === 'differs' ? ['sex' as const] : []),
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
