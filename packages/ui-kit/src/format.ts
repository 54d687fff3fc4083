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
