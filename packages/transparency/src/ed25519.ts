import { createPublicKey, verify } from 'node:crypto'
import { sha256 } from './merkle-hash.ts'

/** Who signs: a raw Ed25519 public key (32 bytes) and what makes 64 bytes of signature with its private key. */
export interface Signer {
  readonly publicKey: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** What kind of signature a key makes in a note: C2SP signed-note, "Signature types". */
export const signatureType = { log: 0x01, cosignature: 0x04 } as const
export type SignatureType = (typeof signatureType)[keyof typeof signatureType]

/** Four bytes by which a line says which key made it: `SHA-256(name ‖ 0A ‖ type ‖ public key)[:4]`. spec 11 §3. */
export function keyId(name: string, type: SignatureType, publicKey: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), Buffer.of(type), publicKey])).subarray(0, 4)
}

/** RFC 8032. Never throws. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  } catch {
    return false
  }
}

/** SubjectPublicKeyInfo of a raw Ed25519 key, RFC 8410 §4. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
