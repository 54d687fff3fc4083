import type { Figures, SafeCount } from './api-types.ts'

/** How facts of the registry look on the screen. Every function takes the language, so that a switch redraws all. */

/** `2026-11` as `november 2026`, or short as `nov`. What is no month is shown as it is. */
export function formatMonth(month: string, language: string, style: 'long' | 'short' = 'long'): string {
  const at = new Date(`${month}-15T12:00:00Z`)
  if (!/^\d{4}-\d{2}$/.test(month) || Number.isNaN(at.getTime())) return month
  return at.toLocaleDateString(language, {
    month: style,
    ...(style === 'long' && { year: 'numeric' }),
    timeZone: 'UTC',
  })
}

/** An instant as its day: `14 mrt 2026`. */
export function formatDay(instant: string | undefined, language: string): string {
  const at = new Date(instant ?? '')
  if (Number.isNaN(at.getTime())) return ''
  return at.toLocaleDateString(language, { day: '2-digit', month: 'short', year: 'numeric' })
}

/** Null is a count from one to four, which is not told (spec 06 §9). */
export const formatCount = (count: SafeCount, language: string): string =>
  count === null ? '<5' : count.toLocaleString(language)

/**
 * The studies of a month. When one half is not told, neither is the sum, but it is known to be more than the other half.
 */
export function formatMonthTotal({ halves, studies }: Figures['months'][number], language: string): string {
  if (studies !== null) return studies.toLocaleString(language)
  const known = halves.reduce((sum, half) => sum + (half?.studies ?? 0), 0)
  const hidden = halves.filter((half) => half?.studies === null).length
  if (known > 0) return `> ${known.toLocaleString(language)}`
  return hidden > 1 ? '<10' : '<5'
}

const steps = [
  ['minute', 60],
  ['hour', 60],
  ['day', 24],
] as const

/** How long ago, in its largest unit: `3 dagen`. */
export function formatAge(instant: string, now: number, language: string): string {
  let value = Math.max(0, (now - Date.parse(instant)) / 1000)
  let unit: 'second' | (typeof steps)[number][0] = 'second'
  for (const [larger, size] of steps) {
    if (value < size) break
    value /= size
    unit = larger
  }
  return Math.floor(value).toLocaleString(language, { style: 'unit', unit, unitDisplay: 'long' })
}

/** Twelve characters of a long identity: enough to compare at a glance, the whole is in the details. */
export const short = (identity: string) => (identity.length > 14 ? `${identity.slice(0, 12)}…` : identity)
