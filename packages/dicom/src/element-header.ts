/** How the elements of a data set are written (PS3.5 §7.1). */
export interface Encoding {
  readonly explicit: boolean
  readonly littleEndian: boolean
}

const implicitLittleEndian: Encoding = { explicit: false, littleEndian: true }
export const explicitLittleEndian: Encoding = { explicit: true, littleEndian: true }

/** The length that stands for "until the delimiter". */
export const undefinedLength = 0xffff_ffff
/** Deeper nesting than any real object has; a limit for those made to exhaust us. */
export const maxDepth = 64
/** No header is longer. */
export const maxHeaderBytes = 12

export interface ElementHeader {
  tag: number
  /** Absent in implicit VR, and for items and delimiters. */
  vr: string | undefined
  length: number
  headerBytes: number
}

// PS3.5 §7.1.2: these have a 16-bit length; every other VR, future ones too, has two reserved bytes and 32 bits.
const shortVrs = new Set('AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US'.split(' '))
const longVrs = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '))

export function isKnownVr(vr: string): boolean {
  return shortVrs.has(vr) || longVrs.has(vr)
}

export function hasShortLength(vr: string): boolean {
  return shortVrs.has(vr)
}

/** The header at `at`, or undefined when `bytes` ends before it does. Never throws. */
export function readHeader(bytes: Uint8Array, at: number, encoding: Encoding): ElementHeader | undefined {
  if (at + 8 > bytes.length) return undefined
  const u16 = encoding.littleEndian ? u16le : u16be
  const u32 = encoding.littleEndian ? u32le : u32be
  const group = u16(bytes, at)
  const tag = group * 0x1_0000 + u16(bytes, at + 2)
  if (!encoding.explicit || group === 0xfffe) {
    return { tag, vr: undefined, length: u32(bytes, at + 4), headerBytes: 8 }
  }
  const vr = String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0)
  // A VR nobody defined (damaged, or of a vendor): the reserved bytes of the long form are zero.
  const short = shortVrs.has(vr) || (!longVrs.has(vr) && u16(bytes, at + 6) !== 0)
  if (short) return { tag, vr, length: u16(bytes, at + 6), headerBytes: 8 }
  if (at + 12 > bytes.length) return undefined
  return { tag, vr, length: u32(bytes, at + 8), headerBytes: 12 }
}

/** What an element of undefined length holds is implicit VR little endian when its VR is UN (PS3.5 §6.2.2 note 4). */
export function contentEncoding(header: ElementHeader, encoding: Encoding): Encoding {
  return header.vr === 'UN' ? implicitLittleEndian : encoding
}

function u16le(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}
function u16be(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}
function u32le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at + 2) * 0x1_0000 + u16le(bytes, at)
}
function u32be(bytes: Uint8Array, at: number): number {
  return u16be(bytes, at) * 0x1_0000 + u16be(bytes, at + 2)
}
