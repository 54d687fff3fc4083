import { deflateRawSync } from 'node:zlib'
import { byteVrs, localisedVrs, numberBytes, textVrs } from './attributes.ts'
import type { Attribute, Attributes, AttributeValue } from './attributes.ts'
import { encodeElement, encodeItem, encodeSequence } from './element-encoding.ts'
import { hasShortLength, maxDepth } from './element-header.ts'
import type { Encoding } from './element-header.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

const characterSetKey = '00080005'
const utf8 = 'ISO_IR 192'
const latin1 = 'ISO_IR 100'

/**
 * A data set of these attributes. Text goes out as it can be read everywhere: without a character set when it is ASCII,
 * in `ISO_IR 100` when the reader `prefers` it (what it asked in) and it suffices, else in UTF-8. A Specific Character Set
 * among the attributes counts for nothing. Throws `DICOM_UNREADABLE` on a value that its VR cannot hold.
 */
export function encodeIdentifier(
  attributes: Attributes,
  transferSyntaxUid: string,
  options: { prefers?: string } = {},
): Buffer {
  const syntax = describeTransferSyntax(transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  const highest = highestLetter(attributes, 0)
  const characterSet = highest < 0x80 ? '' : highest < 0x100 && options.prefers === latin1 ? latin1 : utf8
  const declared: Attributes = new Map(attributes)
  declared.delete(characterSetKey)
  if (characterSet !== '') declared.set(characterSetKey, { vr: 'CS', value: [characterSet] })
  const bytes = encodeElements(declared, syntax, characterSet === utf8 ? 'utf8' : 'latin1')
  return syntax.deflated ? deflateRawSync(bytes) : bytes
}

function highestLetter(attributes: Attributes, depth: number): number {
  if (depth > maxDepth) throw unreadable('nested too deeply')
  let highest = 0
  for (const { vr, value } of attributes.values()) {
    for (const one of value) {
      if (one instanceof Map) highest = Math.max(highest, highestLetter(one, depth + 1))
      else if (typeof one === 'string' && localisedVrs.has(vr)) {
        for (const letter of one) highest = Math.max(highest, letter.codePointAt(0) ?? 0)
      }
    }
  }
  return highest
}

function encodeElements(attributes: Attributes, encoding: Encoding, letters: 'utf8' | 'latin1'): Buffer {
  const sorted = [...attributes].sort(([one], [other]) => (one < other ? -1 : 1))
  return Buffer.concat(
    sorted.map(([key, { vr, value }]) => {
      const tag = Number.parseInt(key, 16)
      if (vr === 'SQ') {
        const items = value.filter((item) => item instanceof Map)
        const inner = items.map((item) => {
          const own = new Map(item)
          own.delete(characterSetKey) // what holds around it holds in it
          return encodeItem([encodeElements(own, encoding, letters)], encoding)
        })
        return encodeSequence(tag, inner, encoding)
      }
      const bytes = encodeValue({ vr, value }, encoding, letters)
      if (encoding.explicit && hasShortLength(vr) && bytes.length > 0xfffe)
        throw unreadable('a value is too long')
      return encodeElement(tag, vr, bytes, encoding)
    }),
  )
}

function encodeValue({ vr, value }: Attribute, encoding: Encoding, letters: 'utf8' | 'latin1'): Buffer {
  if (textVrs.has(vr)) {
    return Buffer.from(value.map(text).join('\\'), localisedVrs.has(vr) ? letters : 'latin1')
  }
  if (byteVrs.has(vr)) {
    const [bytes] = value
    return bytes instanceof Uint8Array ? inByteOrder(bytes, vr, encoding) : Buffer.alloc(0)
  }
  const size = numberBytes[vr]
  if (size === undefined) throw unreadable('unknown VR')
  return Buffer.concat(value.map((one) => encodeNumber(one, vr, size, encoding.littleEndian)))
}

function text(value: AttributeValue): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const wordBytes: Readonly<Record<string, 2 | 4 | 8>> = { OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 }

function inByteOrder(bytes: Uint8Array, vr: string, { littleEndian }: Encoding): Buffer {
  const copy = Buffer.from(bytes)
  const word = wordBytes[vr]
  if (littleEndian || word === undefined || bytes.length % word !== 0) return copy
  return word === 2 ? copy.swap16() : word === 4 ? copy.swap32() : copy.swap64()
}

function encodeNumber(value: AttributeValue, vr: string, size: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(size)
  try {
    if (vr === 'FL') bytes.writeFloatLE(Number(value))
    else if (vr === 'FD') bytes.writeDoubleLE(Number(value))
    else if (vr === 'SV') bytes.writeBigInt64LE(BigInt(text(value)))
    else if (vr === 'UV') bytes.writeBigUInt64LE(BigInt(text(value)))
    else if (vr === 'AT') return encodeTag(text(value), little)
    else if (!Number.isInteger(Number(value))) throw unreadable('no integer')
    else if (vr === 'SS' || vr === 'SL') bytes.writeIntLE(Number(value), 0, size)
    else bytes.writeUIntLE(Number(value), 0, size)
  } catch {
    throw unreadable('a number that its VR cannot hold')
  }
  return little ? bytes : bytes.reverse()
}

function encodeTag(key: string, little: boolean): Buffer {
  const tag = Number.parseInt(key, 16)
  const bytes = Buffer.alloc(4)
  for (const [at, half] of [
    [0, tag >>> 16],
    [2, tag & 0xffff],
  ] as const) {
    if (little) bytes.writeUInt16LE(half, at)
    else bytes.writeUInt16BE(half, at)
  }
  return bytes
}
