import type { FactorKind } from './share-record.ts'

/** The second factor's codes (spec 25 §4). */

const letters = '23456789ABCDEFGHJKMNPQRSTVWXYZ'
const digits = '0123456789'
/** Of what is typed. More is no code, and is judged as one all the same. */
const mostTyped = 64

type Random = (bytes: number) => Uint8Array

/** Six digits. */
export const newSmsCode = (random: Random): string => drawn(digits, 6, random)
/** Ten of thirty signs: 49 bits, and none that looks like another. */
export const newLetterCode = (random: Random): string => drawn(letters, 10, random)

/** As it is compared: without regard to case, spaces and hyphens. Another text than any code for what is none. */
export function normalCode(kind: FactorKind, typed: string): string {
  if (typed.length > mostTyped) return '-'
  const bare = typed.replaceAll(/[\s\p{Pd}]/gu, '').toUpperCase()
  const form = kind === 'sms' ? /^\d{6}$/ : /^[2-9A-HJKMNP-TV-Z]{10}$/
  return form.test(bare) ? bare : '-'
}

/** Each sign as likely as any other. */
function drawn(alphabet: string, length: number, random: Random): string {
  const fair = 256 - (256 % alphabet.length)
  let code = ''
  while (code.length < length)
    for (const byte of random(length * 2))
      if (byte < fair && code.length < length) code += alphabet.charAt(byte % alphabet.length)
  return code
}
