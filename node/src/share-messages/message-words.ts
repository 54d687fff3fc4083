export type Language = 'nl' | 'en'

const zone = { timeZone: 'Europe/Amsterdam' } as const
const locales = { nl: 'nl-NL', en: 'en-GB' } as const
const wholeDay = { ...zone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const

/** `donderdag 10 december 2026`: in the Netherlands, wherever the node runs. */
export const dayIn = (language: Language, at: number): string =>
  new Intl.DateTimeFormat(locales[language], wholeDay).format(at)

/** `donderdag 10 december 2026, 14.35 uur`. */
export function momentIn(language: Language, at: number): string {
  const time = new Intl.DateTimeFormat('en-GB', { ...zone, hour: '2-digit', minute: '2-digit' }).format(at)
  const day = dayIn(language, at)
  return language === 'nl' ? `${day}, ${time.replace(':', '.')} uur` : `${day}, ${time}`
}

/** On one line, without what could begin a header or turn the direction of what follows. */
export const onOneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
