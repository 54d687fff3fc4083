import { encodeElement, encodeHeader } from '../element-encoding.ts'
import { explicitLittleEndian, undefinedLength } from '../element-header.ts'
import { tags } from '../tags.ts'

/** An item of pixel data: a fragment, or the offset table. */
export function item(bytes: Uint8Array): Buffer {
  return Buffer.concat([encodeHeader(tags.item, '', bytes.length, explicitLittleEndian), bytes])
}

/** A data set with just what an image of compressed frames needs, and these items as its pixel data. */
export function encapsulated(of: {
  frames: number
  elements: readonly Buffer[]
  items: readonly Buffer[]
}): Buffer {
  const element = (tag: number, vr: string, value: Uint8Array | string) =>
    encodeElement(tag, vr, value, explicitLittleEndian)
  const us = (value: number) => Buffer.from([value & 0xff, value >> 8])
  return Buffer.concat([
    element(0x0028_0002, 'US', us(1)),
    element(0x0028_0004, 'CS', 'MONOCHROME2'),
    element(0x0028_0008, 'IS', String(of.frames)),
    element(0x0028_0010, 'US', us(2)),
    element(0x0028_0011, 'US', us(2)),
    element(0x0028_0100, 'US', us(8)),
    ...of.elements,
    encodeHeader(tags.pixelData, 'OB', undefinedLength, explicitLittleEndian),
    ...of.items,
    encodeHeader(tags.sequenceDelimitation, '', 0, explicitLittleEndian),
  ])
}

export function encapsulatedDataSet(of: {
  frames: number
  table: readonly number[]
  fragments: readonly Buffer[]
  extended?: { offsets: readonly number[]; lengths: readonly number[] }
}): Buffer {
  const table = Buffer.alloc(of.table.length * 4)
  of.table.forEach((offset, i) => table.writeUInt32LE(offset, i * 4))
  const longs = (values: readonly number[]) => {
    const bytes = Buffer.alloc(values.length * 8)
    values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), i * 8))
    return bytes
  }
  const { extended } = of
  const elements =
    extended === undefined
      ? []
      : [
          encodeElement(0x7fe0_0001, 'OV', longs(extended.offsets), explicitLittleEndian),
          encodeElement(0x7fe0_0002, 'OV', longs(extended.lengths), explicitLittleEndian),
        ]
  return encapsulated({ frames: of.frames, elements, items: [table, ...of.fragments].map(item) })
}
