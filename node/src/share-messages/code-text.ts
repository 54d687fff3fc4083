import { onOneLine } from './message-words.ts'
import type { Language } from './message-words.ts'

/** The text message with a code: fits one message of 160 letters as long as the hospital's name has at most 60. */
export function codeText(of: { code: string; hospital: string; language: Language }): string {
  const hospital = onOneLine(of.hospital)
  return of.language === 'nl'
    ? `${of.code} is uw code van ${hospital}. De code werkt 10 minuten. Geef de code aan niemand.`
    : `${of.code} is your code from ${hospital}. It works for 10 minutes. Give it to nobody.`
}
