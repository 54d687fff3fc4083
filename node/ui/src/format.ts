import type { Patient } from './api-types.ts'

/** How names, ages and numbers of patients look on the screen. */

/** DICOM's `Berg^Anna^M.^van den` as `van den Berg, Anna M.`; only its first, alphabetic group. */
export function formatName(name: string): string {
  const [family = '', given = '', middle = '', prefix = ''] = (name.split('=')[0] ?? '')
    .split('^')
    .map((part) => part.trim())
  const last = [prefix, family].filter(Boolean).join(' ')
  const first = [given, middle].filter(Boolean).join(' ')
  return [last, first].filter(Boolean).join(', ')
}

/** Whole years on a day; undefined when the birth date is not known. */
export function ageOn(birthDate: string | null, today: Date): number | undefined {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(birthDate ?? '') ?? []
  if (year === undefined) return undefined
  const hadBirthday =
    today.getMonth() + 1 > Number(month) ||
    (today.getMonth() + 1 === Number(month) && today.getDate() >= Number(day))
  return today.getFullYear() - Number(year) - (hadBirthday ? 0 : 1)
}

/** Alike for studies of one patient of this hospital. */
export const patientKey = ({ patient }: { patient: Patient }) =>
  `${patient.issuer}|${patient.localId}|${patient.birthDate}`

/** What may stand in a BSN field: a `/` pressed to get there, or a pasted label, falls away. */
export const typedBsn = (text: string) => text.replace(/[^\d .-]/g, '')

/** The digits of a BSN as typed or pasted, with spaces and dots or without. */
export const digitsOf = (text: string) => text.replace(/[\s.-]/g, '')

/** Nine digits (eight when the first is a zero left out) that pass the eleven-test. */
export function isBsn(text: string): boolean {
  const digits = digitsOf(text).padStart(9, '0')
  if (!/^\d{9}$/.test(digits) || digitsOf(text).length < 8 || digits === '000000000') return false
  const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (at === 8 ? -1 : 9 - at), 0)
  return sum % 11 === 0
}

/** Enough to tell two patients apart, not enough to copy. */
export const maskBsn = (bsn: string) => `•••••${bsn.slice(-4)}`

/** The day of here, as a date field wants it. */
export const isoDay = (at: Date) =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`
