import { TwiinError } from '@twiin/runtime'
import type { ByteSource } from './byte-source.ts'
import { EncapsulatedFrames } from './encapsulated-frames.ts'
import type { Image, ImageDescription } from './image-description.ts'
import type { Span } from './span.ts'

/** One frame, where it stands: fragments of compressed data, or native pixels. */
export interface Frame {
  spans: readonly Span[]
  /** Bytes of all spans. */
  length: number
  /** Native pixels of one bit: the first of this frame stands so many bits into its first byte. */
  bitOffset: number
}

/** The frames of one image. */
export class FrameIndex {
  readonly image: Image
  readonly #encapsulated: EncapsulatedFrames | undefined

  constructor(image: Image, source: ByteSource) {
    this.image = image
    this.#encapsulated = image.pixels.element.isEncapsulated
      ? new EncapsulatedFrames(image, source)
      : undefined
  }

  /**
   * Frame `number`, counted from 1, as it is stored. Throws `FRAME_UNKNOWN` when the image has no such frame,
   * `DICOM_UNREADABLE` when its frames cannot be told apart.
   */
  async frame(number: number): Promise<Frame> {
    if (!Number.isInteger(number) || number < 1) throw new TwiinError('FRAME_UNKNOWN')
    if (this.#encapsulated !== undefined) {
      const spans = await this.#encapsulated.frame(number)
      return { spans, length: spans.reduce((sum, { length }) => sum + length, 0), bitOffset: 0 }
    }
    return nativeFrame(number, this.image)
  }
}

function nativeFrame(number: number, { description, pixels }: Image): Frame {
  const bits = frameBits(description)
  const start = (number - 1) * bits
  const first = Math.floor(start / 8)
  const end = Math.ceil((start + bits) / 8)
  if (number > description.numberOfFrames || end > pixels.element.length)
    throw new TwiinError('FRAME_UNKNOWN')
  const span = { offset: pixels.element.offset + first, length: end - first }
  return { spans: [span], length: span.length, bitOffset: start % 8 }
}

/** PS3.5 §8.1.1 and §8.2: pixels stand behind each other; in YBR_FULL_422 two of them share their colour. */
function frameBits(of: ImageDescription): number {
  const samples = of.photometricInterpretation === 'YBR_FULL_422' ? 2 : of.samplesPerPixel
  return of.rows * of.columns * samples * of.bitsAllocated
}

/** Bytes of a decoded frame. */
export const nativeFrameBytes = (of: ImageDescription): number => Math.ceil(frameBits(of) / 8)
