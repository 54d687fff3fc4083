import { randomBytes } from 'node:crypto'
import sodium from 'libsodium-wrappers-sumo'

// The prime-order group ristretto255 (RFC 9496) on libsodium in WebAssembly, whose multiplications do not depend on the
// secret. Points and scalars are 32 bytes; every one that comes from outside passes isPoint or isScalar first.
await sodium.ready

export type Random = (length: number) => Uint8Array

/** The neutral element, and zero. */
export const identity: Uint8Array = new Uint8Array(32)

/** What can be seen of a point without arithmetic: its length, bit 255, and that it is not the identity. */
export function looksLikePoint(bytes: unknown): bytes is Uint8Array {
  return (
    bytes instanceof Uint8Array &&
    bytes.length === 32 &&
    ((bytes[31] ?? 0) & 0x80) === 0 &&
    !same(bytes, identity)
  )
}

/** A canonical encoding of a point other than the identity; 0.1 ms. */
export function isPoint(bytes: unknown): bytes is Uint8Array {
  // libsodium before 1.0.19 took points with bit 255 set; the length is checked first because the C side reads 32 bytes.
  return looksLikePoint(bytes) && sodium.crypto_core_ristretto255_is_valid_point(bytes)
}

/** A canonical scalar other than zero. */
export function isScalar(bytes: Uint8Array): boolean {
  return isCanonicalScalar(bytes) && !same(bytes, identity)
}

export function isCanonicalScalar(bytes: Uint8Array): boolean {
  return bytes.length === 32 && same(reduce(concat(bytes, identity)), bytes)
}

/** 64 bytes, little-endian, modulo the order of the group. */
export const reduce = (wide: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_reduce(wide)

/** Uniform in 1 … order − 1. */
export function randomScalar(random: Random = randomBytes): Uint8Array {
  for (;;) {
    const scalar = reduce(Uint8Array.from(random(64)))
    if (!same(scalar, identity)) return scalar
  }
}

export const pointFromHash = (hash: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_from_hash(hash)
export const times = (scalar: Uint8Array, point: Uint8Array): Uint8Array =>
  sodium.crypto_scalarmult_ristretto255(scalar, point)
export const baseTimes = (scalar: Uint8Array): Uint8Array =>
  sodium.crypto_scalarmult_ristretto255_base(scalar)
export const plus = (a: Uint8Array, b: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_add(a, b)

export const scalars = {
  plus: (a: Uint8Array, b: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_add(a, b),
  minus: (a: Uint8Array, b: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_sub(a, b),
  times: (a: Uint8Array, b: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_mul(a, b),
  invert: (a: Uint8Array): Uint8Array => sodium.crypto_core_ristretto255_scalar_invert(a),
  /** A small whole number as a scalar. */
  of: (value: number): Uint8Array => {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setUint32(0, value, true)
    return bytes
  },
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && sodium.memcmp(a, b)
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
