import { en } from './texts/en.ts'
import { nl } from './texts/nl.ts'
import type { Texts } from './texts/nl.ts'

export type Language = 'nl' | 'en'

export const textsOf = (language: Language): Texts => (language === 'nl' ? nl : en)

/** A text with its facts. */
export const fill = (text: string, facts: Readonly<Record<string, string | number>>): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? ''))

/** Where the hospitals are, whatever the clock of the browser or the server says. */
const timeZone = 'Europe/Amsterdam'
const locale = (language: Language) => (language === 'nl' ? 'nl-NL' : 'en-GB')

/** `2026-03-14` as `14 maart 2026`; '' for none. */
export function dayInWords(date: string, language: Language): string {
  const at = new Date(`${date}T12:00:00Z`)
  if (date === '' || Number.isNaN(at.getTime())) return ''
  return new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeZone }).format(at)
}

export const instantDay = (at: number, language: Language): string =>
  new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeZone }).format(at)

export const instantInWords = (at: number, language: Language): string =>
  new Intl.DateTimeFormat(locale(language), { dateStyle: 'long', timeStyle: 'short', timeZone }).format(at)

const units = ['kB', 'MB', 'GB', 'TB'] as const

/** In powers of 1000, as phones and shops do: `0,3 MB`, `512 MB`. */
export function sizeInWords(bytes: number, language: Language): string {
  let [value, unit] = [bytes / 1000, 0]
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = value < 10 ? 1 : 0
  const number = new Intl.NumberFormat(locale(language), { maximumFractionDigits: digits })
  return `${number.format(Math.max(value, 0.1))} ${units[unit]}`
}
