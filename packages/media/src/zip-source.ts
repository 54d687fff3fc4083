import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { TwiinError } from '@twiin/runtime'
import * as yauzl from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { Tally, tooLarge, unreadable } from './limits.ts'
import type { MediaLimits } from './limits.ts'
import type { MediaBytes, MediaEntry, MediaSource, Place } from './media-source.ts'
import { isPlainName } from './names.ts'

const stored = 0
const deflated = 8
/** APPNOTE 4.4.15 and 4.4.2: the upper half is the mode of a Unix file. */
const fileKinds = 0xf000
const symbolicLink = 0xa000
const regular = 0x8000

/** A zip, read from its central directory, entry by entry. Entries are checked by size and CRC-32. */
export class ZipSource implements MediaSource {
  readonly format = 'zip'
  readonly #bytes: MediaBytes
  readonly #zips = new Set<ZipFile>()

  constructor(deps: { bytes: MediaBytes }) {
    this.#bytes = deps.bytes
  }

  async *entries(limits: MediaLimits, signal?: AbortSignal): AsyncGenerator<MediaEntry> {
    const zip = await this.#open()
    if (zip.entryCount > limits.entries) throw tooLarge('entries')
    const tally = new Tally(limits, signal)
    let ordinal = 0
    let packed = 0
    for await (const entry of orUnreadable(zip.eachEntry())) {
      const { place, isFolder } = placeOf(entry)
      tally.entry(place.length)
      packed += entry.compressedSize
      // Entries that lie over each other: the same bytes inflated again and again.
      if (packed > this.#bytes.length) throw unreadable('entries overlap')
      tally.file(entry.uncompressedSize)
      if (tally.bytes > limits.ratioFreeBytes && tally.bytes > limits.ratio * this.#bytes.length)
        throw tooLarge('ratio')
      if (!place.every(isPlainName) || place.length === 0) yield { oddity: 'NAME_REFUSED', place }
      else if (isLink(entry)) yield { oddity: 'LINK_NOT_FOLLOWED', place }
      else if (isFolder) continue
      else if (!isReadable(entry)) yield { oddity: 'FILE_UNREADABLE', place }
      else {
        const read = () => readEntry(zip, entry)
        yield { file: { ordinal: ordinal++, place, aliases: [], size: entry.uncompressedSize, read } }
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const zip of this.#zips) zip.close()
    this.#zips.clear()
  }

  async #open(): Promise<ZipFile> {
    try {
      const zip = await yauzl.fromRandomAccessReaderPromise(new Reader(this.#bytes), this.#bytes.length, {
        autoClose: false,
        // Names are judged here, one by one: a bad one is no reason to leave the others.
        decodeStrings: false,
        // And so are sizes.
        validateEntrySizes: false,
      })
      this.#zips.add(zip)
      return zip
    } catch {
      throw unreadable('no central directory')
    }
  }
}

class Reader extends yauzl.RandomAccessReader {
  readonly #bytes: MediaBytes

  constructor(bytes: MediaBytes) {
    super()
    this.#bytes = bytes
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#bytes.stream({ offset: start, length: end - start }), { objectMode: false })
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null)
  }
}

function placeOf(entry: Entry): { place: Place; isFolder: boolean } {
  let name: string
  try {
    const extra = yauzl.parseExtraFields(entry.extraFieldRaw)
    name = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, extra, false)
  } catch {
    name = entry.fileNameRaw.toString('latin1')
  }
  const names = name.split('/')
  const isFolder = names.at(-1) === ''
  return { place: isFolder ? names.slice(0, -1) : names, isFolder }
}

function isLink({ externalFileAttributes, versionMadeBy }: Entry): boolean {
  const kind = versionMadeBy >>> 8 === 3 ? (externalFileAttributes >>> 16) & fileKinds : 0
  // Folders are told by their names, and a kind of 0 by nothing.
  return kind === symbolicLink || (kind !== 0 && kind !== regular && kind !== 0x4000)
}

function isReadable(entry: Entry): boolean {
  return !entry.isEncrypted() && [stored, deflated].includes(entry.compressionMethod)
}

async function* readEntry(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  let sum = 0
  let size = 0
  try {
    const stream = await zip.openReadStreamPromise(entry)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum)
      size += chunk.length
      if (size > entry.uncompressedSize) throw new TwiinError('FILE_UNREADABLE', { reason: 'size' })
      yield chunk
    }
  } catch {
    throw new TwiinError('FILE_UNREADABLE', { reason: 'damaged' })
  }
  if (size !== entry.uncompressedSize || sum !== entry.crc32)
    throw new TwiinError('FILE_UNREADABLE', { reason: 'checksum' })
}

async function* orUnreadable<T>(entries: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = entries[Symbol.asyncIterator]()
  for (;;) {
    const next = await iterator.next().catch((error: unknown) => {
      throw error instanceof TwiinError ? error : unreadable('central directory')
    })
    if (next.done === true) return
    yield next.value
  }
}
