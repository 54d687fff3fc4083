import { describeTransferSyntax, littleEndian } from '@twiin/dicom'
import type { Frame, Image } from '@twiin/dicom'
import type { InstanceRecord } from '@twiin/study-store'
import type { InstanceReader } from './instance-reader.ts'

/** How the bytes of a frame leave: as they are, in other word order, or moved by some bits. */
export async function* frameBytes(
  frame: Frame,
  image: Image,
  instance: InstanceRecord,
  reader: InstanceReader,
): AsyncGenerator<Uint8Array> {
  const stored = reader.bytes(instance, frame.spans)
  const wordVr = swappedAs(image, instance)
  if (wordVr !== undefined) yield* inWords(stored, wordVr)
  else if (frame.bitOffset > 0 || lastBits(image) > 0) yield* fromBit(stored, frame.bitOffset, image)
  else yield* stored
}

/** All of them at once: of a frame that is to be decoded. */
export async function wholeFrame(
  frame: Frame,
  image: Image,
  instance: InstanceRecord,
  reader: InstanceReader,
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(frameSize(frame, image))
  let length = 0
  for await (const piece of frameBytes(frame, image, instance, reader)) {
    bytes.set(piece, length)
    length += piece.length
  }
  return bytes.subarray(0, length)
}

/** Bytes of the frame as it leaves. */
export function frameSize(frame: Frame, { description }: Image): number {
  if (frame.bitOffset === 0) return frame.length
  return Math.ceil((description.rows * description.columns * description.samplesPerPixel) / 8)
}

/** Big endian pixels: in words of what size they have to be turned. */
function swappedAs(
  { description, pixels }: Image,
  { transferSyntaxUid }: InstanceRecord,
): string | undefined {
  if (describeTransferSyntax(transferSyntaxUid)?.littleEndian !== false) return undefined
  if (description.bitsAllocated >= 64) return 'OD'
  if (description.bitsAllocated === 32) return 'OF'
  return description.bitsAllocated === 16 || pixels.element.vr === 'OW' ? 'OW' : undefined
}

/** Pieces may end within a word. */
async function* inWords(stored: AsyncIterable<Uint8Array>, vr: string): AsyncGenerator<Uint8Array> {
  let left: Uint8Array = new Uint8Array(0)
  for await (const piece of stored) {
    const bytes = left.length === 0 ? piece : Buffer.concat([left, piece])
    const whole = bytes.length - (bytes.length % 8)
    left = Buffer.from(bytes.subarray(whole))
    yield littleEndian(vr, bytes.subarray(0, whole), false)
  }
  // A frame ends at a word, but need not at eight bytes.
  yield littleEndian(vr, left, false)
}

/** Bits in the last byte of a one-bit frame. */
function lastBits({ description }: Image): number {
  if (description.bitsAllocated !== 1) return 0
  return (description.rows * description.columns * description.samplesPerPixel) % 8
}

/** PS3.5 §8.1.1: one-bit pixels stand lowest bit first, frame behind frame; each leaves from its own first bit. */
async function* fromBit(
  stored: AsyncIterable<Uint8Array>,
  shift: number,
  image: Image,
): AsyncGenerator<Uint8Array> {
  const { rows, columns, samplesPerPixel } = image.description
  let left = Math.ceil((rows * columns * samplesPerPixel) / 8)
  const keep = lastBits(image)
  let held: number | undefined
  const byte = (low: number, high: number) => {
    const value = ((low >> shift) | (high << (8 - shift))) & 0xff
    left--
    return left === 0 && keep > 0 ? value & ((1 << keep) - 1) : value
  }
  for await (const piece of stored) {
    const out = Buffer.alloc(piece.length)
    let length = 0
    for (const next of piece) {
      if (shift === 0) out[length++] = byte(next, 0)
      else if (held !== undefined) out[length++] = byte(held, next)
      held = next
    }
    yield out.subarray(0, length)
  }
  if (shift > 0 && left > 0 && held !== undefined) yield Buffer.from([byte(held, 0)])
}
