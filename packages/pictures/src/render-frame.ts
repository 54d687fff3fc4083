import type { ImageDescription } from '@twiin/dicom'
import { transferSyntax } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import * as codecs from './codecs.ts'
import { declaredSize } from './declared-size.ts'
import type { Pixels } from './pixels.ts'
import { encodePng } from './png.ts'
import { decodeRle } from './rle.ts'
import { toColour } from './to-colour.ts'
import { toGrey } from './to-grey.ts'
import { scaled } from './scale.ts'

export interface RenderRequest {
  /** One frame as it is stored; native pixels in little endian. */
  frame: Uint8Array
  transferSyntaxUid: string
  description: ImageDescription
  type: 'image/jpeg' | 'image/png'
  /** 1 to 100. */
  quality: number
  window?: { center: number; width: number }
  /** A picture for each, the largest first: scaled to fit, or as it is. */
  viewports: readonly (Viewport | undefined)[]
}
export interface Viewport {
  width: number
  height: number
}
/** As a file of the type that was asked for. */
export interface Rendered {
  bytes: Buffer
  width: number
  height: number
}

/**
 * Frame to pictures; to be run in a thread with limits. It is decoded once, and each picture is made from the one before.
 * Throws `PICTURE_UNREADABLE`, `PICTURE_UNSUPPORTED`.
 */
export async function renderFrame(request: RenderRequest): Promise<Rendered[]> {
  const { description, viewports, type, quality } = request
  const pixels = await decode(request)
  const { rows: height, columns: width } = description
  const isColour = pixels.samplesPerPixel === 3 || description.palette !== undefined
  const shown = isColour ? toColour(pixels, description) : toGrey(pixels, description, request.window)
  const componentCount = isColour ? 3 : 1
  let picture = { pixels: shown, width, height, componentCount }
  const rendered: Rendered[] = []
  for (const viewport of viewports) {
    picture = scaled(picture, viewport)
    const bytes =
      type === 'image/png'
        ? encodePng(picture.pixels, picture)
        : await codecs.encodeJpeg(picture.pixels, { ...picture, quality })
    rendered.push({ bytes, width: picture.width, height: picture.height })
  }
  return rendered
}

async function decode({ frame, transferSyntaxUid, description }: RenderRequest): Promise<Pixels> {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const native = { samplesPerPixel, bitsAllocated, isRgb: false }
  const syntax = transferSyntaxUid.replace('1.2.840.10008.1.2.', '')
  if (!syntax.startsWith('4.') && syntax !== '5') return { ...native, bytes }
  if (transferSyntaxUid === transferSyntax.rleLossless) {
    const size = { pixels: rows * columns, samplesPerPixel, bytesPerSample: bitsAllocated / 8 }
    return { ...native, bytes: decodeRle(bytes, size) }
  }
  // Before any decoder sees it: what would come out is what the data set says, and that was found small enough.
  const size = declaredSize(bytes)
  // A grey data set of a coloured picture occurs; a picture of thousands of components does not.
  if (size?.width !== columns || size.height !== rows || size.components > 4)
    throw new TwiinError('PICTURE_UNREADABLE', { why: 'size' })
  if (/^4\.(57|70)$/.test(syntax)) return { ...native, bytes: codecs.decodeLosslessJpeg(bytes) }
  const codec = codecOf(syntax)
  if (codec === undefined) throw new TwiinError('PICTURE_UNSUPPORTED')
  const { pixels, info } = await codec(bytes)
  if (info.width !== columns || info.height !== rows)
    throw new TwiinError('PICTURE_UNREADABLE', { why: 'size' })
  return {
    bytes: pixels,
    samplesPerPixel: info.componentCount,
    bitsAllocated: info.bitsPerSample > 8 ? 16 : 8,
    isRgb: info.componentCount === 3,
  }
}

function codecOf(syntax: string) {
  if (/^4\.(50|51)$/.test(syntax)) return codecs.decodeJpeg
  if (/^4\.(80|81)$/.test(syntax)) return codecs.decodeJpegLs
  if (/^4\.(90|91)$/.test(syntax)) return codecs.decodeJpeg2000
  return /^4\.(201|202|203)$/.test(syntax) ? codecs.decodeHtj2k : undefined
}
