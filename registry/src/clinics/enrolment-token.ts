import { createHash, randomBytes } from 'node:crypto'

/** 128 random bits in eight groups that a person can read out: `1f3a-…`. */
export function makeEnrolmentToken(random: (bytes: number) => Uint8Array = randomBytes): string {
  return (Buffer.from(random(16)).toString('hex').match(/.{4}/g) ?? []).join('-')
}

/**
 * What the ledger keeps: SHA-256 of the token without its dashes. A slow hash would add nothing:
 * 128 random bits cannot be guessed, however fast one may try.
 */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token.replace(/[-\s]/g, '').toLowerCase()).digest('hex')
}
