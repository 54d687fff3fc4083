import { hash } from 'node:crypto'

/** Bytes of every hash of the tree. */
export const hashLength = 32

/** `SHA-256(00 ‖ leaf)`. RFC 6962 §2.1, spec 11 §2. */
export function leafHash(leaf: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + leaf.length)
  input[0] = 0
  input.set(leaf, 1)
  return sha256(input)
}

/** `SHA-256(01 ‖ left ‖ right)`, both of 32 bytes. RFC 6962 §2.1, spec 11 §2. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(1 + 2 * hashLength)
  input[0] = 1
  input.set(left, 1)
  input.set(right, 1 + hashLength)
  return sha256(input)
}

/** The root of the tree without leaves, `SHA-256()`. RFC 6962 §2.1. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(hash('sha256', bytes, 'buffer'))
}

/** Roots and keys are public: how long a comparison takes tells nothing. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
