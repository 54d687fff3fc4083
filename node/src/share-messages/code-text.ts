import { onOneLine } from './message-words.ts'
import type { Language } from './message-words.ts'

/** To the number that codes went to until now. */
export function numberChangedText(of: { hospital: string; helpPhone: string; language: Language }): string {
  const [hospital, phone] = [onOneLine(of.hospital), onOneLine(of.helpPhone)]
  return of.language === 'nl'
    ? `${hospital} stuurt codes voor u voortaan naar een ander nummer. Wist u dit niet? Bel ${phone}.`
    : `${hospital} sends your codes to another number from now on. Did you not know? Call ${phone}.`
}

/** The text message with a code: fits one message of 160 letters as long as the hospital's name has at most 60. */
export function codeText(of: { code: string; hospital: string; language: Language }): string {
  const hospital = onOneLine(of.hospital)
  return of.language === 'nl'
    ? `${of.code} is uw code van ${hospital}. De code werkt 10 minuten. Geef de code aan niemand.`
    : `${of.code} is your code from ${hospital}. It works for 10 minutes. Give it to nobody.`
}
