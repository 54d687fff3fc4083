import { deflateRawSync } from 'node:zlib'
import { encodeElement, encodeItem, encodeSequence } from '../element-encoding.ts'
import { explicitLittleEndian } from '../element-header.ts'
import type { Encoding } from '../element-header.ts'
import { readElements, readItems } from '../element-spans.ts'
import { describeTransferSyntax } from '../transfer-syntax.ts'

const wordBytes: Readonly<Record<string, number>> = {
  ...{ US: 2, SS: 2, OW: 2, AT: 2 },
  ...{ UL: 4, SL: 4, FL: 4, OF: 4, OL: 4 },
  ...{ FD: 8, OD: 8, SV: 8, UV: 8, OV: 8 },
}

/** An authored data set (explicit VR little endian, native pixels) in another uncompressed transfer syntax. */
export function reencode(dataSet: Uint8Array, transferSyntaxUid: string): Buffer {
  const syntax = describeTransferSyntax(transferSyntaxUid)
  if (syntax === undefined || syntax.encapsulated) throw new TypeError('not an uncompressed transfer syntax')
  const reencoded = reencodeElements(dataSet, syntax)
  return syntax.deflated ? deflateRawSync(reencoded) : reencoded
}

function reencodeElements(bytes: Uint8Array, to: Encoding): Buffer {
  const elements = [...readElements(bytes, explicitLittleEndian)]
  return Buffer.concat(
    elements.map(([tag, element]) => {
      const vr = element.header.vr ?? 'UN'
      if (vr !== 'SQ')
        return encodeElement(tag, vr, to.littleEndian ? element.value : swapped(element.value, vr), to)
      const { items } = readItems(element, explicitLittleEndian)
      return encodeSequence(
        tag,
        items.map((item) => encodeItem([reencodeElements(item, to)], to)),
        to,
      )
    }),
  )
}

function swapped(value: Uint8Array, vr: string): Buffer {
  const bytes = Buffer.from(value)
  const size = wordBytes[vr]
  if (size === 2) return bytes.swap16()
  if (size === 4) return bytes.swap32()
  return size === 8 ? bytes.swap64() : bytes
}
