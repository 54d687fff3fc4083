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
  | { as: 'held'; local: LocalPatient; differences: Difference[] }

/**
 * Under which number a study from elsewhere may be filed (D9b, ADR 0004): never one that can be somebody else's.
 * `byCitizenNumber`: patients of this hospital with the incoming BSN. `numbered`: looks up a local number.
 */
export async function decideFiling(
  incoming: IncomingPatient,
  known: {
    holderUra: string
    byCitizenNumber: readonly LocalPatient[]
    numbered: (id: string) => Promise<LocalPatient | undefined>
  },
): Promise<Filing> {
  for (const local of known.byCitizenNumber) {
    const differences = differencesBetween(incoming, local)
    if (differences.length > 0 || local.conflict) return { as: 'held', local, differences }
  }
  const [same] = known.byCitizenNumber
  if (same !== undefined) return { as: 'local', patientId: { id: same.localId, issuer: same.issuer } }

  const external = externalNumber(incoming.localId, known.holderUra)
  const taken = await known.numbered(external.id)
  if (taken !== undefined)
    return { as: 'held', local: taken, differences: differencesBetween(incoming, taken) }
  const namesake = incoming.localId === '' ? undefined : await known.numbered(incoming.localId)
  return { as: 'external', patientId: external, ...(namesake === undefined ? {} : { apart: namesake }) }
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

/** `<URA>.<number there>`, issuer `TWIIN:<URA>`. One too long for Patient ID (64) is shortened by its digest. */
export function externalNumber(localId: string, holderUra: string): { id: string; issuer: string } {
  const fits = localId.length <= 64 - holderUra.length - 1 && /^[\x20-\x7e]*$/.test(localId)
  const number = fits ? localId : createHash('sha256').update(localId).digest('hex').slice(0, 32)
  return { id: `${holderUra}.${number === '' ? 'UNKNOWN' : number}`, issuer: `TWIIN:${holderUra}` }
}
