/** Keys that are the same in every run, and notes that must be refused: for tests of whoever builds on this. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Witness } from './cosignature.ts'
import type { Signer } from './ed25519.ts'

export { hostileNotes, lineOf, mutated, seeded } from './testing/hostile-notes.ts'

/** The Ed25519 key of the seed of 32 times this byte. */
export function seededSigner(byte: number): Signer {
  const der = Buffer.concat([pkcs8Prefix, Buffer.alloc(32, byte)])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: Uint8Array.from(spki.subarray(-32)),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  }
}

/** The same under a name, which for a real witness would be its peer ID. */
export function seededWitness(byte: number, name = `witness-${byte}`): Witness & Signer {
  return { ...seededSigner(byte), name }
}

/** PrivateKeyInfo of an Ed25519 seed, RFC 8410 §7. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
