import type { EntryKind, Manifest } from './manifest.ts'
import type { ByteRange, PackageReader } from './package-reader.ts'
import { centralHeader, endOfZip, localHeader, zipEntry } from './zip-records.ts'
import type { ZipEntry } from './zip-records.ts'

/** Small records are given out together, in about so many bytes. */
const togetherBytes = 65_536

/**
 * The zip of a package (spec 25 §2): stored, so that its length and the bytes at any offset follow from the manifest,
 * and a download can go on where it broke off.
 */
export class ZipLayout {
  /** Bytes of the whole zip. */
  readonly size: number
  readonly #entries: ZipEntry[] = []
  /** Where the central directory begins. */
  readonly #directory: number
  /** Where the central header of each entry begins, and then the end records. */
  readonly #headers: number[]
  readonly #end: Uint8Array

  /** `kinds`: only entries of these; else all that have a name. */
  constructor(options: { kinds?: readonly EntryKind[] }, manifest: Pick<Manifest, 'entries' | 'madeAt'>) {
    const at = new Date(manifest.madeAt)
    let offset = 0
    for (const [index, { kind, name, size, crc32 }] of manifest.entries.entries()) {
      if (name === undefined || options.kinds?.includes(kind) === false) continue
      const entry = zipEntry({ number: index + 1, name, size, crc32, offset, at })
      this.#entries.push(entry)
      offset = entry.data + size
    }
    this.#directory = offset
    this.#headers = this.#entries.map((entry) => {
      const start = offset
      offset += centralHeader(entry).length
      return start
    })
    this.#headers.push(offset)
    this.#end = endOfZip({ entries: this.#entries.length, start: this.#directory, end: offset })
    this.size = offset + this.#end.length
  }

  /** The zip, or these bytes of it; nothing else is read. Throws what the reader threw, and a RangeError. */
  async *bytes(
    reader: Pick<PackageReader, 'entry'>,
    range: ByteRange = { start: 0, end: this.size },
  ): AsyncGenerator<Uint8Array> {
    const { start, end } = range
    if (!(
      Number.isSafeInteger(start) &&
      Number.isSafeInteger(end) &&
      0 <= start &&
      start <= end &&
      end <= this.size
    ))
      throw new RangeError('not a range of this zip')
    yield* this.#files(reader, start, Math.min(end, this.#directory))
    yield* this.#records(Math.max(start, this.#directory), end)
  }

  async *#files(
    reader: Pick<PackageReader, 'entry'>,
    start: number,
    end: number,
  ): AsyncGenerator<Uint8Array> {
    if (start >= end) return
    for (let index = lastAtOrBefore(this.#entries, start); index < this.#entries.length; index++) {
      const entry = this.#entries[index]!
      if (entry.offset >= end) return
      const head = cut(localHeader(entry), entry.offset, start, end)
      if (head.length > 0) yield head
      const from = Math.max(start, entry.data) - entry.data
      const to = Math.min(end - entry.data, entry.size)
      if (from < to) yield* reader.entry(entry.number, { start: from, end: to })
    }
  }

  *#records(start: number, end: number): Generator<Uint8Array> {
    let waiting: Uint8Array[] = []
    let bytes = 0
    for (let index = lastAtOrBefore(this.#headers, start); index < this.#headers.length; index++) {
      const at = this.#headers[index]!
      if (at >= end) break
      const entry = this.#entries[index]
      const part = cut(entry === undefined ? this.#end : centralHeader(entry), at, start, end)
      waiting.push(part)
      bytes += part.length
      if (bytes < togetherBytes) continue
      yield joined(waiting, bytes)
      waiting = []
      bytes = 0
    }
    if (bytes > 0) yield joined(waiting, bytes)
  }
}

/** What of a record at `at` lies between `start` and `end`. */
function cut(record: Uint8Array, at: number, start: number, end: number): Uint8Array {
  return record.subarray(Math.max(0, start - at), Math.max(0, end - at))
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The index of the last that begins at or before `offset`; they are in order, and 0 when none does. */
function lastAtOrBefore(starts: readonly (number | ZipEntry)[], offset: number): number {
  let [low, high] = [0, starts.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const start = starts[middle]!
    if ((typeof start === 'number' ? start : start.offset) <= offset) low = middle
    else high = middle - 1
  }
  return Math.max(0, low)
}
