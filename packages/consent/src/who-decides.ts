import type { ConsentRecord, GivenBy } from './consent-record.ts'

/** How old a patient is, as far as it is known. */
export interface PatientAge {
  /** `YYYY-MM-DD`, or what is known of it: `YYYY-MM`, `YYYY`, or empty. */
  readonly birthDate: string
  /** Milliseconds since the Unix epoch: the moment that is judged. */
  readonly now: number
}

/** Under 12 the parents decide, from 12 both, from 16 the patient (BW 7:447, 7:450; spec 08 §2). */
type Band = 'child' | 'youth' | 'adult'

const entitled: Record<Band, ReadonlySet<GivenBy>> = {
  child: new Set(['parent', 'both']),
  youth: new Set(['both']),
  adult: new Set(['patient', 'both']),
}

/** Whether who gave this permit was, at that moment, the one to give it. An objection needs no right: it always counts. */
export function wasEntitled(record: ConsentRecord, { birthDate }: PatientAge): boolean {
  if (record.decision === 'deny') return true
  return mayGive(bandsAt(birthDate, record.recordedAt), record.givenBy)
}

/** Whether the patient has grown since into an age at which somebody else decides. */
export function isOutgrown(record: ConsentRecord, { birthDate, now }: PatientAge): boolean {
  if (record.decision === 'deny') return false
  const [then, today] = [bandsAt(birthDate, record.recordedAt), bandsAt(birthDate, now)]
  return then.length !== 1 || today.length !== 1 || then[0] !== today[0]
}

/** Who may give a permit at this age; empty when it cannot be told, because the birth date is not known well enough. */
export function giversAt({ birthDate, now }: PatientAge): GivenBy[] {
  const bands = bandsAt(birthDate, now)
  return (['patient', 'parent', 'both'] as const).filter((giver) => mayGive(bands, giver))
}

/** Only when it holds whatever the unknown part of the birth date is: unknown is no. */
const mayGive = (bands: readonly Band[], giver: GivenBy = 'patient') =>
  bands.length === 1 && bands.every((band) => entitled[band].has(giver))

/** Every band the patient may be in at that moment: one, when the birth date is known. */
function bandsAt(birthDate: string, at: number): Band[] {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(birthDate) ?? []
  if (year === undefined) return ['child', 'youth', 'adult']
  const youngest = ageAt(`${year}-${month ?? '12'}-${day ?? '31'}`, at)
  const oldest = ageAt(`${year}-${month ?? '01'}-${day ?? '01'}`, at)
  return [...new Set([bandOf(oldest), bandOf(youngest)])]
}

const bandOf = (age: number): Band => (age < 12 ? 'child' : age < 16 ? 'youth' : 'adult')

/** Whole years on the (UTC) day of that moment. */
function ageAt(birthDate: string, at: number): number {
  const today = new Date(at).toISOString().slice(0, 10)
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4))
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years
}
