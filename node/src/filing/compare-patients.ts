import type { Doubt } from '../patients/known-patient.ts'
import { compareNames } from './names-agree.ts'

/** A person as a study, a message or this hospital states him. */
export interface Person {
  name: string
  /** Other names he goes by. */
  otherNames?: readonly string[] | undefined
  /** `YYYY-MM-DD`, less when less is known, or empty. */
  birthDate: string
  sex: string
  bsn: string | undefined
  /** What its source is unsure of: counts as not stated. */
  doubts?: readonly Doubt[] | undefined
}

export type ComparedField = 'bsn' | 'birthDate' | 'familyName' | 'givenName' | 'sex'
/** `near`: as a typing error or a maiden name makes it. `unknown`: one side does not say. */
export type FieldVerdict = 'agrees' | 'near' | 'differs' | 'unknown'

export interface Comparison {
  /** 0–100. */
  score: number
  fields: Readonly<Record<ComparedField, { verdict: FieldVerdict; points: number }>>
  /** Sure enough that no person has to look: spec 16 §2. */
  sure: boolean
  /** Alike enough that a person must look before it is filed as somebody else. */
  possible: boolean
}

/** spec 16 §2: what each field adds. Without the BSN no sum reaches `sureFrom`, and neither does the BSN with a date alone. */
const weights: Readonly<Record<ComparedField, Readonly<Record<FieldVerdict, number>>>> = {
  bsn: { agrees: 50, near: 0, differs: -30, unknown: 0 },
  birthDate: { agrees: 20, near: 5, differs: -30, unknown: 0 },
  familyName: { agrees: 15, near: 5, differs: -20, unknown: 0 },
  givenName: { agrees: 10, near: 5, differs: -25, unknown: 0 },
  sex: { agrees: 5, near: 0, differs: -20, unknown: 0 },
}
const sureFrom = 90
const possibleFrom = 35

/** Compares two descriptions of a person, field by field. Who is who follows from it nowhere but in `decideFiling`. */
export function comparePatients(one: Person, other: Person): Comparison {
  const name = compareAllNames(one, other)
  const verdicts: Record<ComparedField, FieldVerdict> = {
    bsn: compareBsn(stated('bsn', one), stated('bsn', other)),
    birthDate: compareBirthDates(stated('birthDate', one), stated('birthDate', other)),
    familyName: name.family,
    givenName: name.given,
    sex: compareSex(one.sex, other.sex),
  }
  const points = (field: ComparedField) => weights[field][verdicts[field]]
  const fields = {
    bsn: { verdict: verdicts.bsn, points: points('bsn') },
    birthDate: { verdict: verdicts.birthDate, points: points('birthDate') },
    familyName: { verdict: verdicts.familyName, points: points('familyName') },
    givenName: { verdict: verdicts.givenName, points: points('givenName') },
    sex: { verdict: verdicts.sex, points: points('sex') },
  }
  const all = Object.values(fields)
  const sum = all.reduce((total, field) => total + field.points, 0)
  const contradicts = all.some(({ verdict }) => verdict === 'differs')
  return {
    score: Math.max(0, sum),
    fields,
    sure: sum >= sureFrom && !contradicts,
    possible: sum >= possibleFrom,
  }
}

function stated(field: 'bsn' | 'birthDate', person: Person): string {
  return person.doubts?.includes(field) === true ? '' : (person[field] ?? '')
}

function compareBsn(a: string, b: string): FieldVerdict {
  if (a === '' || b === '') return 'unknown'
  if (a === b) return 'agrees'
  const different = [...a].filter((digit, i) => digit !== b[i]).length
  // One wrong digit always fails the eleven test; two, as two that changed places further apart, may pass it.
  return a.length === b.length && different <= 2 ? 'near' : 'differs'
}

/** Registries write 1 January 1900 for a day that nobody knows, and 00 or 01 for a month or day. */
function compareBirthDates(a: string, b: string): FieldVerdict {
  const [one, other] = [knownPart(a), knownPart(b)]
  if (one === '' || other === '') return 'unknown'
  if (one === other) return one.length === 10 ? 'agrees' : 'near'
  return one.startsWith(other) || other.startsWith(one) ? 'near' : 'differs'
}

function knownPart(date: string): string {
  if (date.startsWith('1900-01-01') || /^(1900|0000|9999)(-00|$)/.test(date)) return ''
  return date.replace(/-00.*$/, '')
}

function compareSex(a: string, b: string): FieldVerdict {
  const isSaid = (sex: string) => sex === 'M' || sex === 'F'
  if (!isSaid(a) || !isSaid(b)) return 'unknown'
  return a === b ? 'agrees' : 'differs'
}

/** The best of all names each goes by. */
function compareAllNames(one: Person, other: Person): { family: FieldVerdict; given: FieldVerdict } {
  if (one.doubts?.includes('name') === true || other.doubts?.includes('name') === true)
    return { family: 'unknown', given: 'unknown' }
  const verdictOf = { equal: 'agrees', alike: 'near', other: 'differs', unknown: 'unknown' } as const
  let best: { family: FieldVerdict; given: FieldVerdict } | undefined
  for (const a of [one.name, ...(one.otherNames ?? [])])
    for (const b of [other.name, ...(other.otherNames ?? [])]) {
      const { family, given } = compareNames(a, b)
      const compared = {
        family: verdictOf[family],
        given: family === 'unknown' ? ('unknown' as const) : verdictOf[given],
      }
      if (best === undefined || sumOf(compared) > sumOf(best)) best = compared
    }
  return best ?? { family: 'unknown', given: 'unknown' }
}

const sumOf = ({ family, given }: { family: FieldVerdict; given: FieldVerdict }) =>
  weights.familyName[family] + weights.givenName[given] - (family === 'unknown' ? 100 : 0)
