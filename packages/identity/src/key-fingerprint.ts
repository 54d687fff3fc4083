import { createHash } from 'node:crypto'

/**
 * A key in a form that two people can compare by telephone: the first 96 bits of the SHA-256 of the raw public key, six
 * groups of four hexadecimal digits. Nobody can make another key with the same ones.
 */
export function keyFingerprint(publicKey: Uint8Array): string {
  const digits = createHash('sha256').update(publicKey).digest('hex').slice(0, 24)
  return (digits.match(/.{4}/g) ?? []).join(' ')
}
