import { chunkBytes, chunksAtOnce, sealChunk } from './entry-cipher.ts'
import { crc32 } from './crc-32.ts'
import { fileMark, headBytes, mostManifestBytes, trailerBytes } from './file-layout.ts'
import { EntryKeys } from './keys.ts'
import type { Bytes, CipherKey } from './keys.ts'
import { checkedManifest } from './manifest.ts'
import type { EntryKind, Manifest, ManifestEntry } from './manifest.ts'
import { ShareError } from './share-error.ts'

export interface EntryToAdd {
  kind: EntryKind
  /** Its path in the zip; without one it is not in the zip. */
  name?: string
}
export type ManifestContent = Omit<Manifest, 'version' | 'entries'>

/**
 * Writes a package from front to back, an entry at a time, with about 1 MiB in memory. After an error it is of no
 * further use, and what it wrote is no package.
 */
export class PackageWriter {
  readonly #keys: EntryKeys
  readonly #salt: Uint8Array
  readonly #write: (bytes: Uint8Array) => Promise<void>
  readonly #entries: ManifestEntry[] = []
  /** Plain bytes that wait. */
  readonly #piece = new Uint8Array(chunkBytes * chunksAtOnce)
  #written = 0
  #state: 'new' | 'ready' | 'busy' | 'over' = 'new'

  /** `key`: 32 random bytes, for this package only. `salt`: 16. `write` is waited for, and called in order. */
  constructor(
    options: { key: Uint8Array; salt: Uint8Array },
    deps: { write(bytes: Uint8Array): Promise<void> },
  ) {
    this.#keys = new EntryKeys(options)
    this.#salt = options.salt.slice()
    this.#write = (bytes) => deps.write(bytes)
  }

  /** Gives the entry's number, by which the manifest names it. Throws what `bytes` or `write` threw. */
  async add(entry: EntryToAdd, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    return this.#alone(async () => {
      const offset = this.#written
      const number = this.#entries.length + 1
      const { size, crc } = await this.#seal(number, bytes)
      const { kind, name } = entry
      this.#entries.push({ kind, size, crc32: crc, offset, ...(name === undefined ? {} : { name }) })
      return number
    })
  }

  /** Throws `SHARE_DAMAGED` when the reader would not take this manifest, `SHARE_TOO_LARGE`. */
  async finish(content: ManifestContent): Promise<{ bytes: number; manifest: Manifest }> {
    return this.#alone(async () => {
      const end = this.#written
      const manifest = checkedManifest({ version: 1, ...content, entries: this.#entries }, { end })
      const json = new TextEncoder().encode(JSON.stringify(manifest))
      if (json.length > mostManifestBytes) throw new ShareError('SHARE_TOO_LARGE', { bytes: json.length })
      await this.#seal(0, [json])
      const trailer = new Uint8Array(trailerBytes)
      new DataView(trailer.buffer).setBigUint64(0, BigInt(this.#written - end))
      await this.#put(trailer)
      return { bytes: this.#written, manifest, over: true }
    })
  }

  /** One at a time, and none after one that failed or was the last. */
  async #alone<Result extends number | { over: true; bytes: number; manifest: Manifest }>(
    work: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#state === 'busy' || this.#state === 'over')
      throw new Error(`this package is ${this.#state === 'busy' ? 'being written' : 'over'}`)
    const isNew = this.#state === 'new'
    this.#state = 'busy'
    try {
      if (isNew) {
        await this.#put(fileMark)
        await this.#put(this.#salt)
        if (this.#written !== headBytes) throw new Error('unreachable: the head is 30 bytes')
      }
      const result = await work()
      this.#state = typeof result === 'number' ? 'ready' : 'over'
      return result
    } catch (error) {
      this.#state = 'over'
      throw error
    }
  }

  async #seal(
    entry: number,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<{ size: number; crc: number }> {
    const key = await this.#keys.of(entry)
    // A full piece waits until more comes: only then its last chunk is known not to be the last of all.
    const piece = this.#piece
    let [filled, size, crc, counter] = [0, 0, 0, 0]
    for await (const part of bytes) {
      crc = crc32(part, crc)
      size += part.length
      for (let at = 0; at < part.length;) {
        if (filled === piece.length) {
          await this.#sealPiece(key, counter, false, piece)
          counter += chunksAtOnce
          filled = 0
        }
        const taken = Math.min(part.length - at, piece.length - filled)
        piece.set(part.subarray(at, at + taken), filled)
        filled += taken
        at += taken
      }
    }
    await this.#sealPiece(key, counter, true, piece.subarray(0, filled))
    return { size, crc }
  }

  async #sealPiece(key: CipherKey, counter: number, last: boolean, piece: Bytes): Promise<void> {
    const chunks = Array.from({ length: Math.max(1, Math.ceil(piece.length / chunkBytes)) }, (_, index) =>
      piece.subarray(index * chunkBytes, (index + 1) * chunkBytes),
    )
    const sealed = await Promise.all(
      chunks.map((chunk, index) =>
        sealChunk(key, counter + index, last && index === chunks.length - 1, chunk),
      ),
    )
    const together = new Uint8Array(sealed.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const chunk of sealed) {
      together.set(chunk, at)
      at += chunk.length
    }
    await this.#put(together)
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes)
    this.#written += bytes.length
  }
}
