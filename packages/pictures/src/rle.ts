import { TwiinError } from '@twiin/runtime'

/**
 * RLE Lossless (PS3.5 annex G): byte planes, the highest byte of each sample first, to pixels in little endian behind each
 * other. Never more than `rows × columns × samples × bytes` come out.
 */
export function decodeRle(
  bytes: Buffer,
  of: { pixels: number; samplesPerPixel: number; bytesPerSample: number },
): Buffer {
  const { pixels, samplesPerPixel, bytesPerSample } = of
  const segments = bytes.length < 64 ? 0 : bytes.readUInt32LE(0)
  if (segments !== samplesPerPixel * bytesPerSample)
    throw new TwiinError('PICTURE_UNREADABLE', { why: 'segments' })
  const stride = samplesPerPixel * bytesPerSample
  const decoded = Buffer.alloc(pixels * stride)
  for (let segment = 0; segment < segments; segment++) {
    const start = bytes.readUInt32LE(4 + segment * 4)
    const end = segment + 1 < segments ? bytes.readUInt32LE(8 + segment * 4) : bytes.length
    const sample = Math.floor(segment / bytesPerSample)
    const place = sample * bytesPerSample + (bytesPerSample - 1 - (segment % bytesPerSample))
    expand(bytes.subarray(start, end), decoded, { place, stride, pixels })
  }
  return decoded
}

function expand(
  packed: Buffer,
  decoded: Buffer,
  { place, stride, pixels }: { place: number; stride: number; pixels: number },
): void {
  let pixel = 0
  for (let at = 0; at < packed.length && pixel < pixels;) {
    const control = packed[at++] ?? 0
    if (control === 128) continue
    const count = control < 128 ? control + 1 : 257 - control
    for (let i = 0; i < count && pixel < pixels; i++, pixel++)
      decoded[pixel * stride + place] = packed[control < 128 ? at + i : at] ?? 0
    at += control < 128 ? count : 1
  }
}
