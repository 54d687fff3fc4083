import type { ImageDescription } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { Pixels } from './pixels.ts'

/** Stored values through rescale and window (PS3.3 C.11.2.1.2) to greys of eight bits. */
export function toGrey(
  pixels: Pixels,
  of: ImageDescription,
  asked: { center: number; width: number } | undefined,
): Uint8Array {
  const count = of.rows * of.columns
  const read = reader(pixels, of)
  const { rescaleSlope: slope = 1, rescaleIntercept: intercept = 0 } = of
  const { center, width } = asked ?? statedWindow(of) ?? wholeRange(count, (i) => read(i) * slope + intercept)
  const isInverted = of.photometricInterpretation === 'MONOCHROME1'
  const greys = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const value = read(i) * slope + intercept
    const at = (value - (center - 0.5)) / Math.max(width - 1, 1e-6) + 0.5
    const grey = Math.round(Math.min(1, Math.max(0, at)) * 255)
    greys[i] = isInverted ? 255 - grey : grey
  }
  return greys
}

function statedWindow({ windowCenter, windowWidth }: ImageDescription) {
  if (windowCenter === undefined || windowWidth === undefined || windowWidth < 1) return undefined
  return { center: windowCenter, width: windowWidth }
}

function wholeRange(count: number, value: (i: number) => number): { center: number; width: number } {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    const one = value(i)
    if (one < low) low = one
    if (one > high) high = one
  }
  return { center: (low + high + 1) / 2, width: Math.max(1, high - low + 1) }
}

function reader({ bytes, bitsAllocated }: Pixels, of: ImageDescription): (i: number) => number {
  if (bytes.length < Math.ceil((of.rows * of.columns * bitsAllocated) / 8))
    throw new TwiinError('PICTURE_UNREADABLE', { why: 'too few pixels' })
  const unused = bitsAllocated - Math.min(of.bitsStored, bitsAllocated)
  // Overlays may stand in the bits that are not used.
  const signed = (value: number) => (value << (32 - bitsAllocated + unused)) >> (32 - bitsAllocated + unused)
  const plain = (value: number) => value & (2 ** (bitsAllocated - unused) - 1)
  const kept = of.isSigned ? signed : plain
  switch (bitsAllocated) {
    case 1:
      return (i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1
    case 8:
      return (i) => kept(bytes[i] ?? 0)
    case 16:
      return (i) => kept((bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8))
    case 32:
      return of.isSigned ? (i) => bytes.readInt32LE(4 * i) : (i) => bytes.readUInt32LE(4 * i)
    default:
      throw new TwiinError('PICTURE_UNSUPPORTED')
  }
}
