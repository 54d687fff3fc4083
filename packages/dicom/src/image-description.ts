import type { ByteSource } from './byte-source.ts'
import type { Encoding } from './element-header.ts'
import { readTree } from './data-set-tree.ts'
import type { Tree, TreeElement } from './data-set-tree.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** What has to be known of an image to find, decode and show its frames (PS3.3 C.7.6.3). */
export interface ImageDescription {
  rows: number
  columns: number
  samplesPerPixel: number
  bitsAllocated: number
  bitsStored: number
  isSigned: boolean
  /** `MONOCHROME2`, `RGB`, …; empty when it says nothing. */
  photometricInterpretation: string
  planarConfiguration: number
  /** As stated, at least 1; how many there are is another matter. */
  numberOfFrames: number
  windowCenter?: number
  windowWidth?: number
  rescaleSlope?: number
  rescaleIntercept?: number
  /** Red, green, blue: entries, first value mapped, bits; and the table itself. */
  palette?: readonly PaletteChannel[]
}
export interface PaletteChannel {
  first: number
  bits: number
  entries: Uint16Array
}

/** Where the pixel data stands, and whether as integers, floats or doubles. */
export interface PixelData {
  element: TreeElement
  kind: 'integer' | 'float' | 'double'
}

export interface Image {
  description: ImageDescription
  pixels: PixelData
  /** Extended Offset Table (7FE0,0001) and its lengths, when it has both. */
  extendedOffsets?: { offsets: TreeElement; lengths: TreeElement }
}

const imageTags = {
  samplesPerPixel: 0x0028_0002,
  photometricInterpretation: 0x0028_0004,
  planarConfiguration: 0x0028_0006,
  numberOfFrames: 0x0028_0008,
  rows: 0x0028_0010,
  columns: 0x0028_0011,
  bitsAllocated: 0x0028_0100,
  bitsStored: 0x0028_0101,
  pixelRepresentation: 0x0028_0103,
  windowCenter: 0x0028_1050,
  windowWidth: 0x0028_1051,
  rescaleIntercept: 0x0028_1052,
  rescaleSlope: 0x0028_1053,
  extendedOffsetTable: 0x7fe0_0001,
  extendedOffsetTableLengths: 0x7fe0_0002,
  floatPixelData: 0x7fe0_0008,
  doublePixelData: 0x7fe0_0009,
} as const
const paletteTags = [0x0028_1101, 0x0028_1102, 0x0028_1103] as const
const pixelKinds = [
  [tags.pixelData, 'integer'],
  [imageTags.floatPixelData, 'float'],
  [imageTags.doublePixelData, 'double'],
] as const

/** Undefined when the data set holds no image. Throws `DICOM_UNREADABLE` when it says of one what cannot be. */
export async function readImage(source: ByteSource, encoding: Encoding): Promise<Image | undefined> {
  const tree = await readTree(source, encoding, { lastTag: tags.pixelData, stopAtFragments: true })
  const pixels = pixelKinds
    .map(([tag, kind]) => ({ element: tree.get(tag), kind }))
    .find((found): found is PixelData => found.element !== undefined)
  if (pixels === undefined) return undefined
  const values = new Values(source, tree)
  const description = await values.description(pixels.kind)
  const [offsets, lengths] = [
    tree.get(imageTags.extendedOffsetTable),
    tree.get(imageTags.extendedOffsetTableLengths),
  ]
  const hasTable = offsets !== undefined && lengths !== undefined && pixels.element.isEncapsulated
  return { description, pixels, ...(hasTable ? { extendedOffsets: { offsets, lengths } } : {}) }
}

/** Longer than any number or code that describes an image. */
const maxValueBytes = 1024

class Values {
  readonly #source: ByteSource
  readonly #tree: Tree

  constructor(source: ByteSource, tree: Tree) {
    this.#source = source
    this.#tree = tree
  }

  async description(kind: PixelData['kind']): Promise<ImageDescription> {
    const [rows, columns] = [await this.#short(imageTags.rows), await this.#short(imageTags.columns)]
    if (rows === undefined || columns === undefined || rows === 0 || columns === 0)
      throw unreadable('an image without a size')
    const ofFloats = kind === 'float' ? 32 : 64
    const bitsAllocated = (await this.#short(imageTags.bitsAllocated)) ?? (kind === 'integer' ? 0 : ofFloats)
    const samplesPerPixel = (await this.#short(imageTags.samplesPerPixel)) ?? 1
    const isOdd = ![1, 8, 16, 32, 64].includes(bitsAllocated) || samplesPerPixel < 1 || samplesPerPixel > 4
    if (isOdd) throw unreadable('pixels of an impossible size')
    const frames = (await this.#decimal(imageTags.numberOfFrames)) ?? 1
    const photometricInterpretation = (await this.#text(imageTags.photometricInterpretation)) ?? ''
    const palette = photometricInterpretation === 'PALETTE COLOR' ? await this.#palette() : undefined
    return {
      rows,
      columns,
      samplesPerPixel,
      bitsAllocated,
      bitsStored: Math.min((await this.#short(imageTags.bitsStored)) ?? bitsAllocated, bitsAllocated),
      isSigned: (await this.#short(imageTags.pixelRepresentation)) === 1,
      photometricInterpretation,
      planarConfiguration: (await this.#short(imageTags.planarConfiguration)) ?? 0,
      numberOfFrames: Number.isInteger(frames) && frames >= 1 ? frames : 1,
      ...(await this.#window()),
      ...(palette === undefined ? {} : { palette }),
    }
  }

  async #window(): Promise<Partial<ImageDescription>> {
    const found: Partial<ImageDescription> = {}
    for (const name of ['windowCenter', 'windowWidth', 'rescaleSlope', 'rescaleIntercept'] as const) {
      const value = await this.#decimal(imageTags[name])
      if (value !== undefined) found[name] = value
    }
    return found
  }

  async #palette(): Promise<readonly PaletteChannel[] | undefined> {
    const channels: PaletteChannel[] = []
    for (const tag of paletteTags) {
      const description = await this.#bytes(tag)
      const table = this.#tree.get(tag + 0x100)
      if (description === undefined || description.length < 6 || table === undefined) return undefined
      const [count = 0, first = 0, bits = 0] = shorts(description, this.#tree.get(tag))
      const size = count === 0 ? 65_536 : count
      const bytes = await this.#source.read(table.offset, Math.min(table.length, size * 2))
      // PS3.3 C.7.6.3.1.6: eight-bit entries may stand two in a word.
      const entries = bits === 8 && bytes.length < size * 2 ? Uint16Array.from(bytes) : shorts(bytes, table)
      channels.push({ first, bits, entries })
    }
    return channels
  }

  async #short(tag: number): Promise<number | undefined> {
    const bytes = await this.#bytes(tag)
    return bytes === undefined || bytes.length < 2 ? undefined : shorts(bytes, this.#tree.get(tag))[0]
  }

  /** The first value of a decimal or integer string. */
  async #decimal(tag: number): Promise<number | undefined> {
    const value = Number((await this.#text(tag))?.split('\\')[0]?.trim() || NaN)
    return Number.isFinite(value) ? value : undefined
  }

  async #text(tag: number): Promise<string | undefined> {
    const bytes = await this.#bytes(tag)
    return bytes && Buffer.from(bytes).toString('latin1').replaceAll('\0', '').trim()
  }

  async #bytes(tag: number): Promise<Uint8Array | undefined> {
    const element = this.#tree.get(tag)
    if (element === undefined || element.length > maxValueBytes) return undefined
    return this.#source.read(element.offset, element.length)
  }
}

function shorts(bytes: Uint8Array, element: TreeElement | undefined): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLittle = element?.encoding.littleEndian ?? true
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, i) => view.getUint16(i * 2, isLittle))
}
