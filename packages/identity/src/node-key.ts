import { createPrivateKey, createPublicKey, randomBytes, sign, verify, type KeyObject } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import { peerIdOf } from './peer-id.ts'

/**
 * What a node key may sign. One key signs many kinds of things, so every signature is made over
 * `domain`, a zero byte and the message: a signature for one purpose is worthless for every other. spec 01 §5.
 */
export type SignatureDomain =
  | 'twiin/entry/v1'
  | 'twiin/request/v1'
  | 'twiin/manifest/v1'
  | 'twiin/offer/v1'
  | 'twiin/receipt/v1'
  | 'twiin/answer/v1'
  | 'twiin/announcement/v1'
  | 'twiin/report/v1'
  | 'twiin/anchor/v1'

/** A node's identity: an Ed25519 key (RFC 8032), the same one its libp2p peer ID and its certificate stand for. */
export class NodeKey {
  readonly publicKey: Uint8Array
  readonly peerId: string
  readonly #seed: Uint8Array
  readonly #key: KeyObject

  private constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new TwiinError('SEED_INVALID', { bytes: seed.length })
    this.#seed = Uint8Array.from(seed)
    this.#key = createPrivateKey({ key: ed25519Pkcs8(seed), format: 'der', type: 'pkcs8' })
    this.publicKey = ed25519PublicKey(this.#key)
    this.peerId = peerIdOf(this.publicKey)
  }

  static generate(): NodeKey {
    return new NodeKey(randomBytes(32))
  }

  /** The key of a 32-byte seed, the private key of RFC 8032 §5.1.5. Throws SEED_INVALID. */
  static fromSeed(seed: Uint8Array): NodeKey {
    return new NodeKey(seed)
  }

  /** 32 bytes, secret: only for sealed storage and for libp2p. */
  get seed(): Uint8Array {
    return Uint8Array.from(this.#seed)
  }

  /** 64 bytes. */
  sign(domain: SignatureDomain, message: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(null, inDomain(domain, message), this.#key))
  }

  /**
   * The signature of a witness, 64 bytes: over the bare message, as C2SP tlog-cosignature v1 wants it. Its beginning
   * stands in for the domain, so nothing else is signed here. Throws NOT_A_COSIGNATURE. spec 01 §5, spec 11 §3.
   */
  cosign(message: Uint8Array): Uint8Array {
    if (!cosignatureStart.test(startOf(message))) throw new TwiinError('NOT_A_COSIGNATURE')
    return Uint8Array.from(sign(null, message, this.#key))
  }
}

/** Seconds since 1970, decimal, and a newline; more than fifteen digits are no time. */
const cosignatureStart = /^cosignature\/v1\ntime (0|[1-9][0-9]{0,14})\n/

/** Enough of the beginning to tell what it is. */
const startOf = (message: Uint8Array) => Buffer.from(message.subarray(0, 64)).toString('latin1')

/** Whether `signature` was made with this key, for this domain, over this message. Never throws. */
export function verifySignature(
  publicKey: Uint8Array,
  domain: SignatureDomain,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    const key = createPublicKey({ key: ed25519Spki(publicKey), format: 'der', type: 'spki' })
    return verify(null, inDomain(domain, message), key, signature)
  } catch {
    return false
  }
}

/** SubjectPublicKeyInfo of a raw Ed25519 key, RFC 8410 §4. */
export function ed25519Spki(publicKey: Uint8Array): Buffer {
  return Buffer.concat([spkiPrefix, publicKey])
}

/** The raw public key that belongs to this Ed25519 private key, 32 bytes. */
export function ed25519PublicKey(privateKey: KeyObject): Uint8Array {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(spkiPrefix.length))
}

/** PrivateKeyInfo of an Ed25519 seed, RFC 8410 §7. */
export function ed25519Pkcs8(seed: Uint8Array): Buffer {
  return Buffer.concat([pkcs8Prefix, seed])
}

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

function inDomain(domain: string, message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${domain}\0`, 'ascii'), message])
}
