/** Codes for who has lost the telephone: sixteen of 32 letters and digits, which is 80 bits. */

/** Crockford's: without I, L, O and U, which are taken for something else. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const length = 16

/** Four groups of four, with hyphens between. */
export function newRecoveryCode(random: (bytes: number) => Uint8Array): string {
  const letters = [...random(length)].map((byte) => alphabet[byte % alphabet.length] ?? '').join('')
  return letters.match(/.{4}/g)?.join('-') ?? letters
}

/** As it was typed, made canonical; undefined when it cannot be one. */
export function plainRecoveryCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(letters) ? letters : undefined
}
