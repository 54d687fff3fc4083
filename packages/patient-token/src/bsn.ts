import { TwiinError } from '@twiin/runtime'

/** A Dutch citizen service number: nine digits that pass the eleven test. Never logged, never sent. */
export type Bsn = string & { readonly brand: 'Bsn' }

const weights = [9, 8, 7, 6, 5, 4, 3, 2, -1]

/** The weighted sum of nine digits is a multiple of eleven, and not all are zero. A checksum: it proves no existence. */
export function passesElevenTest(nineDigits: string): boolean {
  if (!/^\d{9}$/.test(nineDigits) || nineDigits === '000000000') return false
  return weights.reduce((sum, weight, i) => sum + weight * Number(nineDigits[i]), 0) % 11 === 0
}

/**
 * Reads a BSN as systems write it: nine digits, or eight where the leading zero was dropped (a BSN has eight or nine
 * digits and is exchanged as nine). Nothing else is tolerated: no separators, letters or white space.
 * Throws BSN_INVALID, without the digits.
 */
export function parseBsn(text: string): Bsn {
  const digits = /^\d{8}$/.test(text) ? `0${text}` : text
  if (!passesElevenTest(digits)) throw new TwiinError('BSN_INVALID')
  return digits as Bsn
}
