import type { KeyObject } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import { chunkBytes, magic, openChunk, recordBytes, recordOffset, sealChunk } from './blob-format.ts'
import { readFully, readHeader } from './blob-reader.ts'
import { onDisk } from './disk-errors.ts'
import { syncFolder } from './durable-file.ts'
import type { Sealer } from './sealer.ts'

/** Sealed bytes gathered for one write: 256 KiB. */
const chunksPerWrite = 4

/**
 * Writes a sealed blob chunk by chunk. Calls are made one after the other. The blob exists for readers only after
 * `finish`; until then the file can be resumed at its last whole chunk.
 */
export class SealedBlobWriter {
  readonly id: Uint8Array
  #path: string
  readonly #file: FileHandle
  readonly #key: KeyObject
  /** Plain bytes of the chunk being filled. It is sealed only when more bytes come, for it may be the last. */
  readonly #open = Buffer.allocUnsafe(chunkBytes)
  #filled = 0
  readonly #sealed = Buffer.allocUnsafe(chunksPerWrite * recordBytes)
  #sealedBytes = 0
  #chunks: number
  #written: number

  private constructor(path: string, file: FileHandle, id: Uint8Array, key: KeyObject, chunks: number) {
    this.#path = path
    this.#file = file
    this.id = id
    this.#key = key
    this.#chunks = chunks
    this.#written = recordOffset(chunks)
  }

  /** @throws EEXIST when there is a file already; TwiinError OUT_OF_RESOURCES */
  static async create(path: string, id: Uint8Array, sealer: Sealer): Promise<SealedBlobWriter> {
    const file = await onDisk(open(path, 'wx+', 0o600))
    const writer = new SealedBlobWriter(path, file, id, sealer.blobKey(id), 0)
    try {
      await writer.#writeAt(Buffer.concat([magic, id]), 0)
    } catch (error) {
      await writer.discard()
      throw error
    }
    return writer
  }

  /**
   * Continues a blob whose writing was interrupted. Whole chunks that are intact count, and are passed to `onPlain` in
   * order; whatever follows the first that is not (also a chunk already sealed as the last) is cut off and written anew.
   * @throws TwiinError SEAL_BROKEN when the file is not even the beginning of a blob.
   */
  static async resume(
    path: string,
    sealer: Sealer,
    onPlain: (chunk: Buffer) => void = () => {},
  ): Promise<{ writer: SealedBlobWriter; length: number }> {
    const file = await open(path, 'r+')
    try {
      const id = await readHeader(file)
      if (id === undefined) throw new TwiinError('SEAL_BROKEN', { chunk: -1 })
      const key = sealer.blobKey(id)
      let chunks = 0
      for (; ; chunks++) {
        const record = await readFully(file, recordOffset(chunks), recordBytes)
        const plain = record.length === recordBytes ? tryOpen({ key, id, index: chunks }, record) : undefined
        if (plain === undefined) break
        onPlain(plain)
      }
      await file.truncate(recordOffset(chunks))
      return { writer: new SealedBlobWriter(path, file, id, key, chunks), length: chunks * chunkBytes }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Plain bytes taken so far. */
  get length(): number {
    return this.#chunks * chunkBytes + this.#filled
  }

  /** The bytes are copied. @throws TwiinError OUT_OF_RESOURCES */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes
    while (rest.length > 0) {
      if (this.#filled === chunkBytes) await this.#sealOpen(false)
      const taken = rest.subarray(0, chunkBytes - this.#filled)
      this.#open.set(taken, this.#filled)
      this.#filled += taken.length
      rest = rest.subarray(taken.length)
    }
  }

  /** The first `length` bytes written, fewer when there are fewer. */
  async readBack(length: number): Promise<Buffer> {
    await this.#flush()
    const pieces: Buffer[] = []
    for (let index = 0; index < Math.min(this.#chunks, Math.ceil(length / chunkBytes)); index++) {
      const record = await readFully(this.#file, recordOffset(index), recordBytes)
      pieces.push(openChunk({ key: this.#key, id: this.id, index, last: false }, record))
    }
    pieces.push(this.#open.subarray(0, this.#filled))
    return Buffer.from(Buffer.concat(pieces).subarray(0, length))
  }

  /** Makes the whole chunks so far durable; returns how many bytes they hold. */
  async checkpoint(): Promise<number> {
    await this.#flush()
    await onDisk(this.#file.sync())
    return this.#chunks * chunkBytes
  }

  /** Seals the end, fsyncs, closes. The file's name is not yet durable: that is an fsync of its folder. */
  async finish(): Promise<void> {
    await this.#sealOpen(true)
    await this.#flush()
    await onDisk(this.#file.sync())
    await this.#file.close()
  }

  /** `finish`, then moves the file to its place; durable when it resolves. */
  async commit(path: string): Promise<void> {
    await this.finish()
    await onDisk(rename(this.#path, path))
    const from = dirname(this.#path)
    this.#path = path
    await syncFolder(dirname(path))
    if (from !== dirname(path)) await syncFolder(from)
  }

  /** Closes the file and leaves what it holds to `resume`. */
  async suspend(): Promise<void> {
    try {
      await this.checkpoint()
    } finally {
      await this.#file.close()
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => {})
    await unlink(this.#path).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
  }

  async #sealOpen(last: boolean): Promise<void> {
    if (this.#sealedBytes > this.#sealed.length - recordBytes) await this.#flush()
    const place = { key: this.#key, id: this.id, index: this.#chunks, last }
    const plain = this.#open.subarray(0, this.#filled)
    this.#sealedBytes = sealChunk(place, plain, this.#sealed, this.#sealedBytes)
    this.#chunks++
    this.#filled = 0
  }

  async #flush(): Promise<void> {
    const bytes = this.#sealed.subarray(0, this.#sealedBytes)
    if (bytes.length === 0) return
    // After a failure the same bytes go to the same place again: nothing is skipped.
    await this.#writeAt(bytes, this.#written)
    this.#written += bytes.length
    this.#sealedBytes = 0
  }

  async #writeAt(bytes: Buffer, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await onDisk(
        this.#file.write(bytes, done, bytes.length - done, position + done),
      )
      done += bytesWritten
    }
  }
}

function tryOpen(
  place: { key: KeyObject; id: Uint8Array; index: number },
  record: Buffer,
): Buffer | undefined {
  try {
    return openChunk({ ...place, last: false }, record)
  } catch {
    return undefined
  }
}
