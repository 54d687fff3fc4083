import { TwiinError } from '@twiin/runtime'
import type { MediaBytes } from '../media-source.ts'
import { unreadable } from '../limits.ts'

/** ECMA-119 §6.1.2: the volume descriptors begin behind sixteen sectors that are the system's. */
const sectorBytes = 2048
const firstDescriptor = 16
const mostDescriptors = 64

/** Where the folders of a volume begin, and how its names are written. */
export interface Volume {
  blockBytes: number
  root: Extent
  joliet: boolean
}

export interface Extent {
  /** In blocks. */
  block: number
  bytes: number
}

/** True when the image has a volume descriptor of ISO 9660. */
export async function isIso9660(bytes: MediaBytes): Promise<boolean> {
  const at = firstDescriptor * sectorBytes
  if (bytes.length < at + sectorBytes) return false
  return (await bytes.read(at + 1, 5)).toString('latin1') === 'CD001'
}

/** The primary volume, and the Joliet one when there is one. Throws `DISC_UNREADABLE`. */
export async function readVolumes(bytes: MediaBytes): Promise<{ primary: Volume; joliet?: Volume }> {
  const found: { primary?: Volume; joliet?: Volume } = {}
  for (let index = 0; index < mostDescriptors; index++) {
    const at = (firstDescriptor + index) * sectorBytes
    if (at + sectorBytes > bytes.length) break
    const sector = await bytes.read(at, sectorBytes)
    const [type = 255] = sector
    if (sector.toString('latin1', 1, 6) !== 'CD001' || type === 255) break
    if (type === 1) found.primary ??= volumeOf(sector, false)
    if (type === 2 && isJoliet(sector)) found.joliet ??= volumeOf(sector, true)
  }
  const { primary, joliet } = found
  if (primary === undefined) throw unreadable('no primary volume')
  return { primary, ...(joliet === undefined ? {} : { joliet }) }
}

function volumeOf(sector: Buffer, joliet: boolean): Volume {
  const blockBytes = sector.readUInt16LE(128)
  if (![512, 1024, 2048].includes(blockBytes)) throw unreadable('block size')
  return { blockBytes, root: extentAt(sector.subarray(156, 190)), joliet }
}

/** Location and length of a directory record (ECMA-119 §9.1), behind its extended attributes. */
export function extentAt(record: Buffer): Extent {
  return { block: record.readUInt32LE(2) + (record[1] ?? 0), bytes: record.readUInt32LE(10) }
}

/** UCS-2 levels 1 to 3, by the escape sequences of the descriptor. */
function isJoliet(sector: Buffer): boolean {
  return ['%/@', '%/C', '%/E'].includes(sector.toString('latin1', 88, 91))
}

/** Throws `FILE_UNREADABLE` for what lies outside the image. */
export function rangeOf(
  bytes: MediaBytes,
  { blockBytes }: Volume,
  extent: Extent,
): { offset: number; length: number } {
  const offset = extent.block * blockBytes
  if (offset + extent.bytes > bytes.length)
    throw new TwiinError('FILE_UNREADABLE', { reason: 'outside the image' })
  return { offset, length: extent.bytes }
}
