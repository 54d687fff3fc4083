/** How facts look on the screen. Every function takes the language, so that a switch redraws all. */

/** To make a formatter takes longer than to draw the row it is for: each is made once for each language. */
function once<Formatter>(make: (language: string) => Formatter): (language: string) => Formatter {
  const made = new Map<string, Formatter>()
  return (language) => {
    const known = made.get(language)
    if (known !== undefined) return known
    const formatter = make(language)
    made.set(language, formatter)
    return formatter
  }
}

const day = { day: '2-digit', month: 'short', year: 'numeric' } as const
const dayInUtc = once((language) => new Intl.DateTimeFormat(language, { ...day, timeZone: 'UTC' }))
const dayHere = once((language) => new Intl.DateTimeFormat(language, day))
const timeHere = once((language) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }))
const momentHere = once(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }),
)

/** `2026-03-14`, or DICOM's `20260314`, as `14 mrt 2026`. What is no date is shown as it is. */
export function formatDate(date: string | null | undefined, language: string): string {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(date ?? '') ?? []
  if (year === undefined) return date ?? ''
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`)
  if (Number.isNaN(at.getTime())) return date ?? ''
  return dayInUtc(language).format(at)
}

/** An instant in local time: only the time today, with the date before. */
export function formatInstant(instant: string | null | undefined, language: string): string {
  const at = new Date(instant ?? '')
  if (Number.isNaN(at.getTime())) return ''
  const time = timeHere(language).format(at)
  if (at.toDateString() === new Date().toDateString()) return time
  return `${dayHere(language).format(at)} ${time}`
}

/** To the second: the log's own precision. */
export function formatMoment(instant: string, language: string): string {
  return momentHere(language).format(new Date(instant))
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
/** By unit, without and with a decimal. */
const sizes = units.map((unit, step) =>
  [0, 1].map((maximumFractionDigits) =>
    once(
      (language) =>
        new Intl.NumberFormat(language, {
          ...{ style: 'unit', unit, unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits },
        }),
    ),
  ),
)
const durations = Object.fromEntries(
  (['second', 'minute', 'hour'] as const).map((unit) => [
    unit,
    once(
      (language) =>
        new Intl.NumberFormat(language, {
          ...{ style: 'unit', unit, unitDisplay: 'narrow', maximumFractionDigits: 0 },
        }),
    ),
  ]),
) as Record<'second' | 'minute' | 'hour', (language: string) => Intl.NumberFormat>

export function formatBytes(bytes: number, language: string): string {
  let step = 0
  let value = bytes
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000
    step++
  }
  return sizes[step]?.[value < 10 && step > 0 ? 1 : 0]?.(language).format(value) ?? ''
}

/** `1 min 50 s`. */
export function formatDuration(seconds: number, language: string): string {
  const part = (value: number, unit: 'second' | 'minute' | 'hour') => durations[unit](language).format(value)
  if (seconds < 60) return part(Math.max(1, Math.round(seconds)), 'second')
  if (seconds < 3600) return `${part(Math.floor(seconds / 60), 'minute')} ${part(seconds % 60, 'second')}`
  return `${part(Math.floor(seconds / 3600), 'hour')} ${part((seconds % 3600) / 60, 'minute')}`
}
