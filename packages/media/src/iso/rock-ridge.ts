import type { MediaBytes } from '../media-source.ts'
import type { Volume } from './volume.ts'

/** What the system use fields of a record say (IEEE P1281 and P1282). */
export interface RockRidge {
  name?: string
  /** A link, a device, a pipe: anything that is no file and no folder. */
  special?: boolean
  /** A folder that was moved because it lay too deep: here is only where it belongs. */
  movedTo?: number
  /** Such a folder, where it was put: it is reached from where it belongs. */
  isMoved?: boolean
}

/** A chain of continuations that leads on and on is a trap. */
const mostContinuations = 8
const mostContinuationBytes = 4096
const longestName = 1024

/** Reads the fields of a record; what is broken ends the reading, and is no reason not to read the file. */
export async function readSystemUse(first: Buffer, bytes: MediaBytes, volume: Volume): Promise<RockRidge> {
  const found: RockRidge = {}
  let area: Buffer | undefined = first
  for (let part = 0; area !== undefined && part <= mostContinuations; part++) {
    const next = readFields(area, found)
    area = next === undefined ? undefined : await continuation(next, bytes, volume)
  }
  return found
}

interface Continuation {
  block: number
  offset: number
  length: number
}

function readFields(area: Buffer, found: RockRidge): Continuation | undefined {
  let next: Continuation | undefined
  for (let at = 0; at + 4 <= area.length;) {
    const length = area[at + 2] ?? 0
    if (length < 4 || at + length > area.length) break
    const field = area.subarray(at, at + length)
    const signature = field.toString('latin1', 0, 2)
    if (signature === 'ST') break
    if (signature === 'CE' && length >= 28)
      next = { block: field.readUInt32LE(4), offset: field.readUInt32LE(12), length: field.readUInt32LE(20) }
    else readField(signature, field, found)
    at += length
  }
  return next
}

function readField(signature: string, field: Buffer, found: RockRidge): void {
  // NM: one flag for "goes on in the next", two for the folder itself and its parent.
  if (signature === 'NM' && ((field[4] ?? 0) & 0x06) === 0)
    found.name = ((found.name ?? '') + field.toString('utf8', 5)).slice(0, longestName)
  if (signature === 'SL') found.special = true
  if (signature === 'PX' && field.length >= 8 && ![0x8000, 0x4000].includes(field.readUInt32LE(4) & 0xf000))
    found.special = true
  if (signature === 'CL' && field.length >= 8) found.movedTo = field.readUInt32LE(4)
  if (signature === 'RE') found.isMoved = true
}

async function continuation(
  { block, offset, length }: Continuation,
  bytes: MediaBytes,
  volume: Volume,
): Promise<Buffer | undefined> {
  const at = block * volume.blockBytes + offset
  if (length > mostContinuationBytes || at + length > bytes.length) return undefined
  return bytes.read(at, length)
}
