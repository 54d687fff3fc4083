import { citizenNumberIssuer } from '@twiin/dicom'
import type { Repetition, Segment } from '@twiin/hl7'
import { parseBsn, passesElevenTest } from '@twiin/patient-token'
import type { Doubt, PatientNumber } from './known-patient.ts'

/** What a PID segment states (HL7 2.5 §3.4.2). Undefined: it says nothing; empty or null: it says that there is nothing. */
export interface StatedPatient {
  /** This hospital's own numbers, the one to use first. */
  numbers: readonly PatientNumber[]
  /** Null: the list of identifiers has none. */
  bsn: string | null
  names: readonly string[] | undefined
  birthDate: string | undefined
  sex: string | undefined
  doubts: readonly Doubt[]
}

export interface OwnNumbers {
  /** Issuer of this hospital's own numbers, as DICOM has it. */
  issuer: string
  /** Names and OIDs by which assigning authorities mean the same. */
  authorities: readonly string[]
}

const mostNames = 12
const longestNumber = 64
const longestName = 256

export function readPid(pid: Segment, own: OwnNumbers): StatedPatient {
  const identifiers = pid.repetitions(3)
  return {
    numbers: ownNumbersIn(identifiers, own),
    bsn: identifiers.some(isCitizenNumber) ? citizenNumberIn(identifiers) : citizenNumberOf(pid),
    names: pid.field(5) === '' ? undefined : namesIn(pid.repetitions(5)),
    birthDate: pid.field(7) === '' ? undefined : birthDateIn(pid.text(7)),
    sex: pid.field(8) === '' ? undefined : sexIn(pid.text(8)),
    doubts: doubtsIn(pid),
  }
}

/**
 * Of a list of identifiers (CX) those that are this hospital's: of one of its authorities; or of none at all, which an
 * own system leaves out. Those of a type for patients (table 0203: PI, MR) come first.
 */
export function ownNumbersIn(identifiers: readonly Repetition[], own: OwnNumbers): PatientNumber[] {
  const isPatient = (one: Repetition) => ['PI', 'MR', 'PN', ''].includes(one.text(5))
  return identifiers
    .filter((one) => !isCitizenNumber(one))
    .filter((one) => {
      const names = [one.text(4), one.text(4, 2)].filter((name) => name !== '')
      return names.length === 0 || names.some((name) => name === own.issuer || own.authorities.includes(name))
    })
    .filter((one) => one.text() !== '' && one.text().length <= longestNumber)
    .sort((a, b) => Number(isPatient(b)) - Number(isPatient(a)))
    .map((one) => ({ localId: one.text(), issuer: own.issuer }))
}

function isCitizenNumber(one: Repetition): boolean {
  const { name, oid } = citizenNumberIssuer
  return one.text(4) === name || one.text(4, 2) === oid || one.text(4) === oid || one.text(5) === 'NNNLD'
}

/** Older systems state it in PID-19, of which HL7 2.5 says to use PID-3 instead. */
function citizenNumberOf(pid: Segment): string | null {
  const text = pid.text(19)
  return isValid(text) ? parseBsn(text) : null
}

const isValid = (text: string) => /^\d{8,9}$/.test(text) && passesElevenTest(text.padStart(9, '0'))

/** It has something that says it is a BSN, and is none. */
export const hasInvalidBsn = (pid: Segment): boolean =>
  pid.repetitions(3).some((one) => isCitizenNumber(one) && one.text() !== '' && !isValid(one.text()))

/** The one that passes the eleven test. Two of them are none: nobody has two. */
function citizenNumberIn(identifiers: readonly Repetition[]): string | null {
  const valid = identifiers
    .filter(isCitizenNumber)
    .map((one) => one.text())
    .filter(isValid)
    .map((text) => parseBsn(text) as string)
  const [only, ...others] = new Set(valid)
  return only === undefined || others.length > 0 ? null : only
}

/**
 * All names (XPN) a person goes by, each as DICOM writes it. A Dutch family name brings its parts as subcomponents (own
 * name, partner's name): each of them counts, and both in either order.
 */
function namesIn(repetitions: readonly Repetition[]): string[] {
  const names = repetitions.flatMap((name) => {
    const part = (n: number) => clean(name.text(1, n))
    const [whole, ownName, partner] = [part(1), part(3), part(5)]
    const families = [
      whole,
      ...(ownName === '' ? [] : [ownName]),
      ...(partner === '' ? [] : [partner]),
      ...(ownName === '' || partner === '' ? [] : [`${ownName}-${partner}`, `${partner}-${ownName}`]),
    ]
    const rest = [clean(name.text(2)), clean(name.text(3)), clean(name.text(5)), clean(name.text(4))]
    return families
      .filter((family) => family !== '')
      .map((family) => [family, ...rest].join('^').replace(/\^+$/, ''))
  })
  return [...new Set(names)].slice(0, mostNames)
}

/** What separates in DICOM does not stand in a part of a name. */
const clean = (text: string) =>
  text
    // Before anything is done with it: a name may come that is as long as a message.
    .slice(0, 4 * longestName)
    .replace(/[\^=\\\s]+/g, ' ')
    .trim()
    .slice(0, longestName)

/** `YYYY[MM[DD…]]`; what is zero is not known. Empty when it is no date. */
function birthDateIn(text: string): string {
  const match = /^(\d{4})(?:(\d{2})(\d{2})?)?/.exec(text)
  const [, year = '', month = '00', day = '00'] = match ?? []
  if (year === '' || year === '0000' || Number(month) > 12 || Number(day) > 31) return ''
  if (month === '00') return year
  return day === '00' ? `${year}-${month}` : `${year}-${month}-${day}`
}

/** Table 0001 to DICOM's (0010,0040). */
function sexIn(text: string): string {
  const sex = text.toUpperCase()
  return sex === 'M' || sex === 'F' ? sex : ['O', 'A', 'N'].includes(sex) ? 'O' : ''
}

/** PID-31: the person is not identified at all; PID-32, table 0445: unknown birth date, social security number, alias. */
function doubtsIn(pid: Segment): Doubt[] {
  if (pid.text(31).toUpperCase() === 'Y') return ['name', 'birthDate', 'bsn']
  const codes: Readonly<Record<string, Doubt>> = { UD: 'birthDate', US: 'bsn', AL: 'name', UA: 'name' }
  return pid
    .repetitions(32)
    .map((code) => codes[code.text().toUpperCase()])
    .filter((doubt) => doubt !== undefined)
}
