import type { ImageDescription } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { Pixels } from './pixels.ts'

/** RGB, YBR (PS3.3 C.7.6.3.1.2) or palette to RGB of eight bits, pixel by pixel. */
export function toColour(pixels: Pixels, of: ImageDescription): Uint8Array {
  const count = of.rows * of.columns
  const rgb = new Uint8Array(count * 3)
  const { bytes, bitsAllocated, isRgb } = pixels
  if (bitsAllocated !== 8 && bitsAllocated !== 16) throw new TwiinError('PICTURE_UNSUPPORTED')
  const wide = bitsAllocated === 16
  // Of sixteen bits the higher byte.
  const byte = (i: number) => (wide ? bytes[2 * i + 1] : bytes[i]) ?? 0
  if (of.palette !== undefined) {
    for (let i = 0; i < count; i++) {
      const value = wide ? (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8) : byte(i)
      of.palette.forEach(({ first, bits, entries }, channel) => {
        const at = Math.min(Math.max(value - first, 0), entries.length - 1)
        rgb[3 * i + channel] = (entries[at] ?? 0) >> (bits > 8 ? 8 : 0)
      })
    }
    return rgb
  }
  const isHalf = !isRgb && of.photometricInterpretation === 'YBR_FULL_422' && bytes.length < count * 3
  const isPlanar = !isRgb && of.planarConfiguration === 1
  for (let i = 0; i < count; i++) {
    const pair = (i >> 1) * 4
    const [a, b, c] = isHalf
      ? [byte(pair + (i & 1)), byte(pair + 2), byte(pair + 3)]
      : isPlanar
        ? [byte(i), byte(count + i), byte(2 * count + i)]
        : [byte(3 * i), byte(3 * i + 1), byte(3 * i + 2)]
    const isYbr = !isRgb && of.photometricInterpretation.startsWith('YBR_FULL')
    rgb[3 * i] = clamp(isYbr ? a + 1.402 * (c - 128) : a)
    rgb[3 * i + 1] = clamp(isYbr ? a - 0.344136 * (b - 128) - 0.714136 * (c - 128) : b)
    rgb[3 * i + 2] = clamp(isYbr ? a + 1.772 * (b - 128) : c)
  }
  return rgb
}

const clamp = (value: number) => Math.min(255, Math.max(0, Math.round(value)))
