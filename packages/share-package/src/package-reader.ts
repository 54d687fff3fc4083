import {
  chunkBytes,
  chunksAtOnce,
  chunksOf,
  openChunk,
  plainSize,
  sealedSize,
  sealedChunkBytes,
} from './entry-cipher.ts'
import { fileMark, headBytes, mostSealedManifestBytes, trailerBytes } from './file-layout.ts'
import { EntryKeys } from './keys.ts'
import type { Bytes } from './keys.ts'
import { checkedManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { ShareError } from './share-error.ts'

/** Where the bytes of the file come from. `read` gives exactly these, or throws. */
export interface PackageSource {
  size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** Of bytes, from 0; `end` is the first one not asked for. */
export interface ByteRange {
  start: number
  end: number
}

interface Sealed {
  number: number
  offset: number
  /** Of the plain bytes. */
  size: number
}

/**
 * Reads a package at any place. All of it is hostile until it verifies: what is given out was written under this key,
 * at this place of this entry. Holds at most two pieces of about 1 MiB for each reading.
 */
export class PackageReader {
  readonly #key: Uint8Array
  readonly #source: PackageSource
  #opened: Promise<{ keys: EntryKeys; manifest: Manifest }> | undefined

  constructor(options: { key: Uint8Array }, deps: { source: PackageSource }) {
    this.#key = options.key.slice()
    this.#source = deps.source
  }

  /** Read once and remembered. Throws `SHARE_DAMAGED`, `SHARE_CUT_OFF`, or what the source threw: then the next call tries anew. */
  async manifest(): Promise<Manifest> {
    return (await this.#open()).manifest
  }

  /** The plain bytes of an entry, numbered from 1. Throws like `manifest`, and a RangeError for what does not exist. */
  async *entry(number: number, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const { keys, manifest } = await this.#open()
    const entry = manifest.entries[number - 1]
    if (entry === undefined) throw new RangeError('no such entry')
    yield* this.#plain(keys, { number, offset: entry.offset, size: entry.size }, range)
  }

  #open() {
    this.#opened ??= this.#readManifest().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async #readManifest() {
    const { size } = this.#source
    const least = headBytes + sealedSize(0) + trailerBytes
    if (!Number.isSafeInteger(size) || size < least) throw new ShareError('SHARE_CUT_OFF', { size })
    const [head, trailer] = await Promise.all([
      this.#read(0, headBytes),
      this.#read(size - trailerBytes, trailerBytes),
    ])
    if (fileMark.some((byte, index) => head[index] !== byte))
      throw new ShareError('SHARE_DAMAGED', { what: 'mark' })
    const sealed = Number(new DataView(trailer.buffer, trailer.byteOffset, trailerBytes).getBigUint64(0))
    const end = size - trailerBytes - sealed
    const plain = sealed <= mostSealedManifestBytes && end >= headBytes ? plainSize(sealed) : undefined
    if (plain === undefined) throw new ShareError('SHARE_DAMAGED', { what: 'trailer' })
    const keys = new EntryKeys({ key: this.#key, salt: head.subarray(fileMark.length) })
    const json = new Uint8Array(plain)
    let at = 0
    for await (const piece of this.#plain(keys, { number: 0, offset: end, size: plain })) {
      json.set(piece, at)
      at += piece.length
    }
    return { keys, manifest: checkedManifest(parsed(json), { end }) }
  }

  async *#plain(keys: EntryKeys, entry: Sealed, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const { start, end } = range ?? { start: 0, end: entry.size }
    if (!(
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(end) &&
      0 <= start &&
      start <= end &&
      end <= entry.size
    ))
      throw new RangeError('not a range of this entry')
    // Nothing was asked for; but a whole empty entry has a chunk that says so.
    if (start === end && entry.size > 0) return
    const key = await keys.of(entry.number)
    const [first, after] = [Math.floor(start / chunkBytes), Math.max(1, Math.ceil(end / chunkBytes))]
    const pieces = (from: number) => this.#piece(entry, from, Math.min(after, from + chunksAtOnce))
    let coming: Promise<Bytes> | undefined = pieces(first)
    for (let from = first; from < after && coming !== undefined; from += chunksAtOnce) {
      const sealed: Bytes = await coming
      const next = from + chunksAtOnce
      coming = next < after ? pieces(next) : undefined
      // Awaited in the next round; who reads no further does not want to hear of it.
      coming?.catch(() => {})
      for (const [index, chunk] of (await opened(key, from, chunksOf(entry.size), sealed)).entries()) {
        const base = (from + index) * chunkBytes
        const wanted = chunk.subarray(Math.max(0, start - base), Math.min(chunk.length, end - base))
        if (wanted.length > 0) yield wanted
      }
    }
  }

  /** Sealed chunks, from `from` to before `after`. */
  async #piece({ offset, size }: Sealed, from: number, after: number): Promise<Bytes> {
    const start = from * sealedChunkBytes
    const end = Math.min(after * sealedChunkBytes, sealedSize(size))
    return this.#read(offset + start, end - start)
  }

  async #read(offset: number, length: number): Promise<Bytes> {
    const bytes = await this.#source.read(offset, length)
    if (bytes.length !== length) throw new ShareError('SHARE_CUT_OFF', { offset, length, came: bytes.length })
    return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : bytes.slice()
  }
}

function opened(
  key: Parameters<typeof openChunk>[0],
  from: number,
  chunks: number,
  sealed: Bytes,
): Promise<Bytes[]> {
  const count = Math.ceil(sealed.length / sealedChunkBytes)
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const at = index * sealedChunkBytes
      const counter = from + index
      return openChunk(key, counter, counter === chunks - 1, sealed.subarray(at, at + sealedChunkBytes))
    }),
  )
}

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json))
  } catch {
    throw new ShareError('SHARE_DAMAGED', { what: 'manifest' })
  }
}
