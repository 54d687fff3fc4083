import type { Tally } from '../limits.ts'
import type { MediaBytes } from '../media-source.ts'
import { readSystemUse } from './rock-ridge.ts'
import type { RockRidge } from './rock-ridge.ts'
import { extentAt, rangeOf } from './volume.ts'
import type { Extent, Volume } from './volume.ts'

/** ECMA-119 §9.1.6. */
const flags = { folder: 0x02, associated: 0x04, moreExtents: 0x80 }
/** A record does not cross the end of a sector. */
const sectorBytes = 2048
const shortestRecord = 34
/** 256 GiB in parts of 4. */
const mostExtents = 64

export interface DirectoryEntry {
  /** As the volume writes it: of ISO 9660 without version, of Joliet as it is. */
  name: string
  folder: boolean
  extents: Extent[]
  bytes: number
  /** Interleaved with others, or in more parts than any file has: not read. */
  unreadable: boolean
  rockRidge: RockRidge
}

/** The entries of a folder, without itself and its parent. Throws `FILE_UNREADABLE`, `DISC_TOO_LARGE`. */
export async function* readDirectory(
  bytes: MediaBytes,
  volume: Volume,
  extent: Extent,
  tally: Tally,
): AsyncGenerator<DirectoryEntry> {
  const { offset, length } = rangeOf(bytes, volume, extent)
  let file: DirectoryEntry | undefined
  for (let at = 0; at < length; at += sectorBytes) {
    tally.directory(sectorBytes)
    const sector = await bytes.read(offset + at, Math.min(sectorBytes, length - at))
    for (let start = 0; start + shortestRecord <= sector.length;) {
      const recordBytes = sector[start] ?? 0
      if (recordBytes === 0) break
      const record = sector.subarray(start, start + recordBytes)
      if (record.length < shortestRecord) break
      start += recordBytes
      const flag = record[25] ?? 0
      if (isSelfOrParent(record) || (flag & flags.associated) !== 0) continue
      // The parts of a file of more than 4 GiB stand one behind the other.
      if (file === undefined) file = await entryOf(record, bytes, volume)
      else addExtent(file, record)
      if ((flag & flags.moreExtents) !== 0) continue
      yield file
      file = undefined
    }
  }
  if (file !== undefined) yield file
}

async function entryOf(record: Buffer, bytes: MediaBytes, volume: Volume): Promise<DirectoryEntry> {
  const nameBytes = record[32] ?? 0
  const name = record.subarray(33, 33 + nameBytes)
  const systemUse = record.subarray(33 + nameBytes + (nameBytes % 2 === 0 ? 1 : 0))
  const extent = extentAt(record)
  return {
    name: volume.joliet ? utf16(name) : name.toString('latin1'),
    folder: ((record[25] ?? 0) & flags.folder) !== 0,
    extents: [extent],
    bytes: extent.bytes,
    unreadable: (record[26] ?? 0) !== 0 || (record[27] ?? 0) !== 0,
    rockRidge: volume.joliet ? {} : await readSystemUse(systemUse, bytes, volume),
  }
}

function addExtent(file: DirectoryEntry, record: Buffer): void {
  if (file.extents.length === mostExtents) file.unreadable = true
  if (file.unreadable) return
  const extent = extentAt(record)
  file.extents.push(extent)
  file.bytes += extent.bytes
}

/** ECMA-119 §9.1.11: 00 is the folder itself, 01 its parent. */
function isSelfOrParent(record: Buffer): boolean {
  return record[32] === 1 && (record[33] ?? 0) <= 1
}

/** Joliet names are big endian. */
function utf16(name: Buffer): string {
  const swapped = Buffer.from(name.subarray(0, name.length - (name.length % 2)))
  return swapped.swap16().toString('utf16le')
}
