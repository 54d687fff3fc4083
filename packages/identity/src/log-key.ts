import { createPrivateKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import { ed25519Pkcs8, ed25519PublicKey } from './node-key.ts'

/**
 * The key of the transparency log: Ed25519 (RFC 8032), made at the ceremony, and nobody's peer. It signs checkpoints over
 * their bare text, as C2SP signed-note wants it, and nothing that could be taken for anything else. spec 01 §5.
 */
export class LogKey {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly #seed: Uint8Array
  readonly #key: KeyObject

  private constructor(seed: Uint8Array) {
    if (seed.length !== 32) throw new TwiinError('SEED_INVALID', { bytes: seed.length })
    this.#seed = Uint8Array.from(seed)
    this.#key = createPrivateKey({ key: ed25519Pkcs8(seed), format: 'der', type: 'pkcs8' })
    this.publicKey = ed25519PublicKey(this.#key)
  }

  static generate(): LogKey {
    return new LogKey(randomBytes(32))
  }

  /** Throws SEED_INVALID. */
  static fromSeed(seed: Uint8Array): LogKey {
    return new LogKey(seed)
  }

  /** 32 bytes, secret: only for sealed storage. */
  get seed(): Uint8Array {
    return Uint8Array.from(this.#seed)
  }

  /**
   * 64 bytes, over the text of a note up to and with the newline before its signatures. Throws NOT_A_NOTE for what holds a
   * zero byte, or begins as one of our own signed messages or as a cosignature.
   */
  signNote(text: Uint8Array): Uint8Array {
    if (text.length === 0 || text.includes(0) || notNotes.some((start) => startsWith(text, start)))
      throw new TwiinError('NOT_A_NOTE')
    return Uint8Array.from(sign(null, text, this.#key))
  }
}

const notNotes = ['twiin/', 'cosignature/'].map((start) => Buffer.from(start, 'ascii'))

const startsWith = (text: Uint8Array, start: Buffer) => start.equals(text.subarray(0, start.length))
