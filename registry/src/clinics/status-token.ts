import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 128 random bits, with which an applicant finds and changes their application again. */
export function makeStatusToken(random: (bytes: number) => Uint8Array = randomBytes): string {
  return Buffer.from(random(16)).toString('hex')
}

/** What the inbox keeps. A slow hash would add nothing to 128 random bits. */
export function statusDigestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** In constant time. */
export function isStatusToken(token: string, digest: string): boolean {
  return timingSafeEqual(Buffer.from(statusDigestOf(token), 'hex'), Buffer.from(digest, 'hex'))
}
