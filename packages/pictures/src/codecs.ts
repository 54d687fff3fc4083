// @ts-expect-error no types are shipped; this file alone imports the codecs
import charls from '@cornerstonejs/codec-charls/decodewasmjs'
// @ts-expect-error as above
import turbo from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs'
// @ts-expect-error as above
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs'
// @ts-expect-error as above
import openjph from '@cornerstonejs/codec-openjph'
// @ts-expect-error its types are not found through its exports
import { Decoder as UntypedDecoder } from 'jpeg-lossless-decoder-js'
import { TwiinError } from '@twiin/runtime'

export interface FrameInfo {
  width: number
  height: number
  bitsPerSample: number
  componentCount: number
}
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array
  getDecodedBuffer(): Uint8Array
  decode(): void
  getFrameInfo(): FrameInfo
  delete(): void
}
interface JpegEncoder {
  getDecodedBuffer(info: FrameInfo & { isSigned: boolean }): Uint8Array
  getEncodedBuffer(): Uint8Array
  setQuality(quality: number): void
  encode(): void
  delete(): void
}
type Module = Record<string, new () => WasmDecoder & JpegEncoder>
type Factory = (options?: object) => Promise<Module>

const LosslessDecoder = UntypedDecoder as new () => {
  decompress(buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer
}
const quiet = { print: () => {}, printErr: () => {} }
const loaded = new Map<Factory, Promise<Module>>()
async function load(factory: Factory): Promise<Module> {
  const module = loaded.get(factory) ?? factory(quiet)
  loaded.set(factory, module)
  return module
}

async function decodeWith(factory: unknown, name: string, bytes: Uint8Array) {
  const Codec = (await load(factory as Factory))[name]
  if (Codec === undefined) throw new Error(`no ${name}`)
  const decoder = new Codec()
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes)
    decoder.decode()
    return { pixels: Buffer.from(decoder.getDecodedBuffer()), info: { ...decoder.getFrameInfo() } }
  } finally {
    decoder.delete()
  }
}

export const decodeJpeg = (bytes: Uint8Array) => decodeWith(turbo, 'JPEGDecoder', bytes)
export const decodeJpegLs = (bytes: Uint8Array) => decodeWith(charls, 'JpegLSDecoder', bytes)
export const decodeJpeg2000 = (bytes: Uint8Array) => decodeWith(openjpeg, 'J2KDecoder', bytes)
export const decodeHtj2k = (bytes: Uint8Array) => decodeWith(openjph, 'HTJ2KDecoder', bytes)
export const decodeLosslessJpeg = (bytes: Uint8Array): Buffer => {
  const copy = new Uint8Array(bytes)
  return Buffer.from(new LosslessDecoder().decompress(copy.buffer, 0, copy.length))
}

/** Greys or RGB, eight bits, to a baseline JPEG. Throws `PICTURE_UNSUPPORTED` for what is hardly a picture. */
export async function encodeJpeg(
  pixels: Uint8Array,
  of: { width: number; height: number; componentCount: number; quality: number },
): Promise<Buffer> {
  const Codec = (await load(turbo as Factory))['JPEGEncoder']
  if (Codec === undefined) throw new Error('no JPEGEncoder')
  const encoder = new Codec()
  try {
    const { quality, ...size } = of
    // It writes into as many bytes as it thinks the pixels take, and past them when the picture takes more: tables alone are
    // 600 bytes, and noise of the best quality is larger than what it is made of. Samples said to be longer make room.
    const bitsPerSample = pixels.length < 65_536 ? 240 : 16
    if ((pixels.length * bitsPerSample) / 8 < 1024) throw new TwiinError('PICTURE_UNSUPPORTED')
    encoder.getDecodedBuffer({ ...size, bitsPerSample, isSigned: false }).set(pixels)
    encoder.setQuality(quality)
    encoder.encode()
    return Buffer.from(encoder.getEncodedBuffer())
  } finally {
    encoder.delete()
  }
}
