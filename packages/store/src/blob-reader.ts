import type { KeyObject } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { TwiinError } from '@twiin/runtime'
import {
  chunkBytes,
  headerBytes,
  idBytes,
  magic,
  openChunk,
  overheadBytes,
  recordBytes,
  recordOffset,
} from './blob-format.ts'
import type { Sealer } from './sealer.ts'

/** So many chunks in one read of the disk: 256 KiB. */
const chunksPerRead = 4

/** Random access to a sealed blob; every byte handed out was authenticated first. */
export class SealedBlobReader {
  /** Plain bytes. */
  readonly length: number
  readonly #file: FileHandle
  readonly #id: Uint8Array
  readonly #key: KeyObject
  readonly #chunks: number

  private constructor(file: FileHandle, id: Uint8Array, key: KeyObject, length: number) {
    this.#file = file
    this.#id = id
    this.#key = key
    this.length = length
    this.#chunks = Math.max(1, Math.ceil(length / chunkBytes))
  }

  /** @throws TwiinError SEAL_BROKEN when it is not blob `id`, not finished, cut off or made longer. */
  static async open(path: string, id: Uint8Array, sealer: Sealer): Promise<SealedBlobReader> {
    const file = await open(path, 'r')
    try {
      const found = await readHeader(file)
      if (found === undefined || !found.equals(id)) throw new TwiinError('SEAL_BROKEN', { chunk: -1 })
      const reader = new SealedBlobReader(file, id, sealer.blobKey(id), plainLength((await file.stat()).size))
      // Only the true end was sealed as the last chunk, so this finds every change of the file's length.
      await reader.#readChunks(reader.#chunks - 1, 1)
      return reader
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** @throws TwiinError RANGE_INVALID, SEAL_BROKEN */
  async read(offset: number, length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of this.stream({ offset, length })) pieces.push(piece)
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  }

  /** In pieces of at most 64 KiB. */
  async *stream(range: { offset?: number; length?: number } = {}): AsyncGenerator<Buffer> {
    const start = range.offset ?? 0
    const end = range.length === undefined ? this.length : start + range.length
    if (!(start >= 0 && start <= end && end <= this.length))
      throw new TwiinError('RANGE_INVALID', { start, end })
    if (start === end) return
    const lastChunk = Math.floor((end - 1) / chunkBytes)
    for (let index = Math.floor(start / chunkBytes); index <= lastChunk; index += chunksPerRead) {
      const count = Math.min(chunksPerRead, lastChunk - index + 1)
      let at = index * chunkBytes
      for (const chunk of await this.#readChunks(index, count)) {
        yield chunk.subarray(Math.max(0, start - at), Math.min(chunk.length, end - at))
        at += chunk.length
      }
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #readChunks(first: number, count: number): Promise<Buffer[]> {
    const records = await readFully(this.#file, recordOffset(first), count * recordBytes)
    return Array.from({ length: count }, (_, i) => {
      const index = first + i
      const place = { key: this.#key, id: this.#id, index, last: index === this.#chunks - 1 }
      return openChunk(place, records.subarray(i * recordBytes, (i + 1) * recordBytes))
    })
  }
}

/** The blob's id, or undefined when this is no blob. */
export async function readHeader(file: FileHandle): Promise<Buffer | undefined> {
  const header = await readFully(file, 0, headerBytes)
  if (header.length < headerBytes || !header.subarray(0, magic.length).equals(magic)) return undefined
  return header.subarray(-idBytes)
}

/** Up to `length` bytes: fewer only at the end of the file. */
export async function readFully(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

function plainLength(fileBytes: number): number {
  const sealed = fileBytes - headerBytes
  const chunks = Math.ceil(sealed / recordBytes)
  return Math.max(0, sealed - chunks * overheadBytes)
}
