/** Records of a zip: PKWARE APPNOTE 6.3.10 §4.3. Stored, names in UTF-8, zip64 only where a number does not fit. */

export interface ZipEntry {
  /** In the package. */
  number: number
  name: Uint8Array
  size: number
  crc32: number
  /** Of its local header, in the zip. */
  offset: number
  /** Where its bytes begin, in the zip. */
  data: number
  /** MS-DOS, UTC. */
  date: number
  time: number
}

const localSignature = 0x04034b50
const centralSignature = 0x02014b50
const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const locatorSignature = 0x07064b50
/** 0xffffffff and 0xffff say: see zip64. */
const most32 = 0xffffffff
const most16 = 0xffff
const version = 20
const version64 = 45
const unix = 3 << 8
/** A regular file, read and written by its owner, read by others. */
const fileMode = 0o100644
const namesInUtf8 = 1 << 11
const zip64Extra = 1

export function zipEntry(of: {
  number: number
  name: string
  size: number
  crc32: number
  offset: number
  at: Date
}): ZipEntry {
  const { number, size, crc32, offset, at } = of
  const name = new TextEncoder().encode(of.name)
  const entry = { number, name, size, crc32, offset, data: 0, ...dosTime(at) }
  return { ...entry, data: offset + localHeader(entry).length }
}

/** §4.3.7: sizes and CRC stand here, for they are known beforehand. */
export function localHeader({ name, size, crc32, date, time }: ZipEntry): Uint8Array {
  // In a local header both sizes must stand in the extra field, §4.5.3.
  const large = size >= most32 ? [size, size] : []
  const record = new RecordBytes(30 + name.length + extraBytes(large))
  record.u32(localSignature)
  record.u16(large.length > 0 ? version64 : version)
  record.fixed(namesInUtf8, time, date, crc32)
  record.u32(Math.min(size, most32))
  record.u32(Math.min(size, most32))
  record.u16(name.length)
  record.u16(extraBytes(large))
  record.bytes(name)
  record.extra(large)
  return record.whole
}

/** §4.3.12 */
export function centralHeader({ name, size, crc32, date, time, offset }: ZipEntry): Uint8Array {
  const large = [...(size >= most32 ? [size, size] : []), ...(offset >= most32 ? [offset] : [])]
  const record = new RecordBytes(46 + name.length + extraBytes(large))
  const needed = large.length > 0 ? version64 : version
  record.u32(centralSignature)
  record.u16(unix | needed)
  record.u16(needed)
  record.fixed(namesInUtf8, time, date, crc32)
  record.u32(Math.min(size, most32))
  record.u32(Math.min(size, most32))
  record.u16(name.length)
  record.u16(extraBytes(large))
  record.skip(6)
  record.u32((fileMode << 16) >>> 0)
  record.u32(Math.min(offset, most32))
  record.bytes(name)
  record.extra(large)
  return record.whole
}

/** §4.3.14–16. `start`, `end`: of the central directory. */
export function endOfZip({
  entries,
  start,
  end,
}: {
  entries: number
  start: number
  end: number
}): Uint8Array {
  const size = end - start
  const large = entries >= most16 || size >= most32 || start >= most32
  const record = new RecordBytes(large ? 56 + 20 + 22 : 22)
  if (large) {
    record.u32(end64Signature)
    record.u64(44)
    record.u16(unix | version64)
    record.u16(version64)
    record.skip(8)
    record.u64(entries)
    record.u64(entries)
    record.u64(size)
    record.u64(start)
    record.u32(locatorSignature)
    record.skip(4)
    record.u64(end)
    record.u32(1)
  }
  record.u32(endSignature)
  record.skip(4)
  record.u16(Math.min(entries, most16))
  record.u16(Math.min(entries, most16))
  record.u32(Math.min(size, most32))
  record.u32(Math.min(start, most32))
  return record.whole
}

const extraBytes = (numbers: readonly number[]) => (numbers.length === 0 ? 0 : 4 + 8 * numbers.length)

/** Little endian, from front to back. */
class RecordBytes {
  readonly whole: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(length: number) {
    this.whole = new Uint8Array(length)
    this.#view = new DataView(this.whole.buffer)
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true)
    this.#at += 2
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  u64(value: number): void {
    this.#view.setBigUint64(this.#at, BigInt(value), true)
    this.#at += 8
  }

  bytes(value: Uint8Array): void {
    this.whole.set(value, this.#at)
    this.#at += value.length
  }

  /** Zeros. */
  skip(length: number): void {
    this.#at += length
  }

  /** Flags, method 0 (stored), time, date, CRC: the same in both headers. */
  fixed(flags: number, time: number, date: number, crc32: number): void {
    this.u16(flags)
    this.u16(0)
    this.u16(time)
    this.u16(date)
    this.u32(crc32)
  }

  extra(numbers: readonly number[]): void {
    if (numbers.length === 0) return
    this.u16(zip64Extra)
    this.u16(8 * numbers.length)
    for (const number of numbers) this.u64(number)
  }
}

/** §4.4.6: seconds in twos, years from 1980 to 2107. */
function dosTime(at: Date): { date: number; time: number } {
  const year = Math.min(127, Math.max(0, at.getUTCFullYear() - 1980))
  return {
    date: (year << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  }
}
