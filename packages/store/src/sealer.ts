import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { TwiinError, codeOf } from '@twiin/runtime'
import { writeFileDurably } from './durable-file.ts'

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const valueVersion = 1

/**
 * Seals whatever stands on this machine's disk. One master key in a file that only its owner can read; every context
 * (a bucket, a blob, an index) has its own key, derived by HKDF-SHA256, so that nothing sealed for one opens as another.
 */
export class Sealer {
  readonly #master: KeyObject
  readonly #derived = new Map<string, KeyObject>()

  constructor(master: Uint8Array) {
    if (master.length !== keyBytes) throw new TwiinError('KEY_FILE_BROKEN')
    this.#master = createSecretKey(master)
  }

  /**
   * Reads the key file, or makes it, durably, when there is none.
   * @throws TwiinError KEY_FILE_PERMISSIONS when group or others may touch it; KEY_FILE_BROKEN when it holds no key.
   */
  static async open(keyFile: string): Promise<Sealer> {
    return (await readKey(keyFile)) ?? (await createKey(keyFile))
  }

  /**
   * AES-256-GCM with a random 96-bit nonce: `version ‖ nonce ‖ ciphertext ‖ tag`, 29 bytes longer than `plain`.
   * It opens only under the same `context` and `boundTo` (the place it belongs to, such as its key).
   */
  sealValue(context: string, plain: Uint8Array, boundTo = ''): Buffer {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key(`value:${context}`), nonce)
    cipher.setAAD(Buffer.from(boundTo))
    return Buffer.concat([
      Buffer.of(valueVersion),
      nonce,
      cipher.update(plain),
      cipher.final(),
      cipher.getAuthTag(),
    ])
  }

  /** @throws TwiinError SEAL_BROKEN: altered, truncated, another key, another context or another place. */
  openValue(context: string, sealed: Uint8Array, boundTo = ''): Buffer {
    if (sealed.length < 1 + nonceBytes + tagBytes || sealed[0] !== valueVersion) {
      throw new TwiinError('SEAL_BROKEN', { context })
    }
    const nonce = sealed.subarray(1, 1 + nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', this.#key(`value:${context}`), nonce)
    decipher.setAAD(Buffer.from(boundTo))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes)), decipher.final()])
    } catch (cause) {
      throw new TwiinError('SEAL_BROKEN', { context }, { cause })
    }
  }

  /** A name for `text` that means nothing without the key: 32 hex digits of HMAC-SHA256. For LevelDB keys and file names. */
  opaque(context: string, text: string): string {
    return this.#hmac(`opaque:${context}`, text).toString('hex').slice(0, 32)
  }

  /** HMAC-SHA256 of `text`: whoever has no master key cannot make it for another text, nor for another context. */
  mac(context: string, text: string): Buffer {
    return this.#hmac(`mac:${context}`, text)
  }

  /** The key of one blob; never kept, for there are as many as blobs. */
  blobKey(id: Uint8Array): KeyObject {
    return this.#derive(id, 'blob')
  }

  #hmac(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.#key(purpose)).update(text).digest()
  }

  #key(purpose: string): KeyObject {
    let key = this.#derived.get(purpose)
    if (key === undefined) {
      key = this.#derive('', purpose)
      this.#derived.set(purpose, key)
    }
    return key
  }

  #derive(salt: Uint8Array | string, purpose: string): KeyObject {
    return createSecretKey(Buffer.from(hkdfSync('sha256', this.#master, salt, `twiin ${purpose}`, keyBytes)))
  }
}

async function readKey(keyFile: string): Promise<Sealer | undefined> {
  const file = await openIfThere(keyFile)
  if (file === undefined) return undefined
  try {
    const mode = (await file.stat()).mode & 0o777
    if ((mode & 0o077) !== 0) {
      throw new TwiinError('KEY_FILE_PERMISSIONS', { file: keyFile, mode: mode.toString(8), expected: '600' })
    }
    const [, hex] = /^twiin-key-1 ([0-9a-f]{64})\n?$/.exec(await file.readFile('utf8')) ?? []
    if (hex === undefined) throw new TwiinError('KEY_FILE_BROKEN', { file: keyFile })
    return new Sealer(Buffer.from(hex, 'hex'))
  } finally {
    await file.close()
  }
}

async function createKey(keyFile: string): Promise<Sealer> {
  const master = randomBytes(keyBytes)
  await writeFileDurably(keyFile, Buffer.from(`twiin-key-1 ${master.toString('hex')}\n`), { mode: 0o600 })
  return new Sealer(master)
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
