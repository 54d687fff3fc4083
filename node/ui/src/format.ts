/** How facts look on the screen. Every function takes the language, so that a switch redraws all. */

/** `2026-03-14`, or DICOM's `20260314`, as `14 mrt 2026`. What is no date is shown as it is. */
export function formatDate(date: string | null | undefined, language: string): string {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(date ?? '') ?? []
  if (year === undefined) return date ?? ''
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(at.getTime())) return date ?? ''
  return at.toLocaleDateString(language, { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' })
}

/** An instant in local time: only the time today, with the date before. */
export function formatInstant(instant: string | null | undefined, language: string): string {
  const at = new Date(instant ?? '')
  if (Number.isNaN(at.getTime())) return ''
  const time = at.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })
  if (at.toDateString() === new Date().toDateString()) return time
  return `${at.toLocaleDateString(language, { day: '2-digit', month: 'short', year: 'numeric' })} ${time}`
}

/** To the second: the log's own precision. */
export function formatMoment(instant: string, language: string): string {
  return new Date(instant).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' })
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

export function formatBytes(bytes: number, language: string): string {
  let step = 0
  let value = bytes
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000
    step++
  }
  return value.toLocaleString(language, {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && step > 0 ? 1 : 0,
  })
}

/** `1 min 50 s`. */
export function formatDuration(seconds: number, language: string): string {
  const part = (value: number, unit: 'second' | 'minute' | 'hour') =>
    value.toLocaleString(language, { style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 0 })
  if (seconds < 60) return part(Math.max(1, Math.round(seconds)), 'second')
  if (seconds < 3600) return `${part(Math.floor(seconds / 60), 'minute')} ${part(seconds % 60, 'second')}`
  return `${part(Math.floor(seconds / 3600), 'hour')} ${part((seconds % 3600) / 60, 'minute')}`
}

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
