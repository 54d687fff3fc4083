import { byteVrs, isVr, keyOf, localisedVrs, numberBytes, oneValueVrs, textVrs, vrOf } from './attributes.ts'
import type { Attribute, Attributes, AttributeValue } from './attributes.ts'
import { decodeText, parseCharacterSets } from './character-set.ts'
import { contentEncoding, maxDepth, readHeader, undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { inflate } from './inflate.ts'
import { tags } from './tags.ts'
import { describeTransferSyntax } from './transfer-syntax.ts'
import { unreadable } from './unreadable.ts'

export interface DecodeLimits {
  /** Of the data set, inflated. */
  maxBytes: number
  /** Elements and items, at all levels. */
  maxElements: number
  /** Bytes of OB, OW … UN values beyond this are left where they are (`left`). */
  keepBytes: number
  /** Pixel data and what follows it are not read: the input may end there. */
  untilPixelData: boolean
}

/** No key of a query is long: larger identifiers are a mistake or an attack. */
export const identifierBytesLimit = 64 * 1024
const identifierLimits: DecodeLimits = {
  maxBytes: identifierBytesLimit,
  maxElements: 4096,
  keepBytes: identifierBytesLimit,
  untilPixelData: false,
}

/** A C-FIND, C-MOVE or C-GET identifier. Throws `DICOM_UNREADABLE`. */
export function decodeIdentifier(bytes: Uint8Array, transferSyntaxUid: string): Promise<Attributes> {
  return decodeAttributes(bytes, transferSyntaxUid, identifierLimits)
}

/**
 * All attributes of a data set in memory, in one pass over it; text in any character set, of an item's own too. Throws
 * `DICOM_UNREADABLE` beyond the limits, 64 levels deep, or when it makes no sense.
 */
export async function decodeAttributes(
  bytes: Uint8Array,
  transferSyntaxUid: string,
  limits: DecodeLimits,
): Promise<Attributes> {
  const syntax = describeTransferSyntax(transferSyntaxUid)
  if (syntax === undefined) throw unreadable('unknown transfer syntax')
  const plain = syntax.deflated ? await inflated(bytes, limits) : bytes
  if (plain.length > limits.maxBytes) throw unreadable('longer than the limit')
  return new Decoder(plain, limits).dataSet(syntax)
}

async function inflated(bytes: Uint8Array, limits: DecodeLimits): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const options = { maxBytes: limits.maxBytes, allowTruncated: limits.untilPixelData }
  for await (const piece of inflate([bytes], options)) pieces.push(piece)
  return Buffer.concat(pieces)
}

class Decoder {
  readonly #bytes: Buffer
  readonly #limits: DecodeLimits
  #elements = 0

  constructor(bytes: Uint8Array, limits: DecodeLimits) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#limits = limits
  }

  dataSet(encoding: Encoding): Attributes {
    return this.#attributes(0, this.#bytes.length, encoding, [''], 0, false).attributes
  }

  /** Elements from `at` to `end`, or to the item's delimiter when its length is undefined. */
  #attributes(
    at: number,
    end: number,
    encoding: Encoding,
    inherited: readonly string[],
    depth: number,
    delimited: boolean,
  ): { attributes: Attributes; end: number } {
    if (depth > maxDepth) throw unreadable('nested too deeply')
    const attributes: Attributes = new Map()
    let characterSets = inherited
    while (at < end) {
      const header = this.#header(at, end, encoding)
      const start = at + header.headerBytes
      if (delimited && header.tag === tags.itemDelimitation) return { attributes, end: start }
      if (header.tag >>> 16 === 0xfffe) throw unreadable('misplaced delimiter')
      if (depth === 0 && header.tag === tags.pixelData && this.#limits.untilPixelData) {
        // What there is of it is told, not read.
        const left = { offset: start, length: header.length === undefinedLength ? 0 : header.length }
        attributes.set(keyOf(header.tag), { vr: header.vr ?? 'OW', value: [], left })
        return { attributes, end }
      }
      const read = this.#element(header, start, end, { encoding, characterSets, depth })
      at = read.end
      const key = keyOf(header.tag)
      if (key.endsWith('0000')) continue // group lengths say nothing of the patient or the study
      if (attributes.has(key)) throw unreadable('an attribute is repeated')
      attributes.set(key, read.attribute)
      if (header.tag === tags.specificCharacterSet) {
        characterSets = parseCharacterSets(this.#bytes.subarray(start, read.end))
      }
    }
    if (delimited) throw unreadable('an item does not end')
    return { attributes, end }
  }

  #element(
    header: ElementHeader,
    start: number,
    end: number,
    context: { encoding: Encoding; characterSets: readonly string[]; depth: number },
  ): { attribute: Attribute; end: number } {
    const vr = vrOfElement(header)
    if (header.length === undefinedLength) {
      if (vr.startsWith('O') || header.tag === tags.pixelData) {
        const after = this.#skipFragments(start, end, context.encoding)
        return { attribute: { vr, value: [], left: { offset: start, length: after - start } }, end: after }
      }
      const inner = contentEncoding(header, context.encoding)
      return this.#sequence(start, end, { ...context, encoding: inner }, true)
    }
    const after = start + header.length
    if (after > end) throw unreadable('a length runs past its item')
    if (vr === 'SQ') return this.#sequence(start, after, context, false)
    if (byteVrs.has(vr) && header.length > this.#limits.keepBytes) {
      return { attribute: { vr, value: [], left: { offset: start, length: header.length } }, end: after }
    }
    const value = valuesOf(this.#bytes.subarray(start, after), vr, context)
    return { attribute: { vr, value }, end: after }
  }

  #sequence(
    start: number,
    end: number,
    context: { encoding: Encoding; characterSets: readonly string[]; depth: number },
    delimited: boolean,
  ): { attribute: Attribute; end: number } {
    const value: Attributes[] = []
    const { encoding, characterSets, depth } = context
    let at = start
    while (at < end) {
      const header = this.#header(at, end, encoding)
      const from = at + header.headerBytes
      if (delimited && header.tag === tags.sequenceDelimitation) {
        return { attribute: { vr: 'SQ', value }, end: from }
      }
      if (header.tag !== tags.item) throw unreadable('no item where one should start')
      const open = header.length === undefinedLength
      const until = open ? end : from + header.length
      if (until > end) throw unreadable('an item runs past its sequence')
      const item = this.#attributes(from, until, encoding, characterSets, depth + 1, open)
      value.push(item.attributes)
      at = item.end
    }
    if (delimited) throw unreadable('a sequence does not end')
    return { attribute: { vr: 'SQ', value }, end }
  }

  #skipFragments(start: number, end: number, encoding: Encoding): number {
    for (let at = start; at < end;) {
      const header = this.#header(at, end, encoding)
      at += header.headerBytes
      if (header.tag === tags.sequenceDelimitation) return at
      if (header.tag !== tags.item || header.length === undefinedLength) throw unreadable('no fragment')
      at += header.length
    }
    throw unreadable('fragments do not end')
  }

  #header(at: number, end: number, encoding: Encoding): ElementHeader {
    if (++this.#elements > this.#limits.maxElements) throw unreadable('too many elements')
    const header = readHeader(this.#bytes, at, encoding)
    if (header === undefined || at + header.headerBytes > end) throw unreadable('ends within an element')
    return header
  }
}

function vrOfElement(header: ElementHeader): string {
  if (header.vr === undefined) return vrOf(keyOf(header.tag))
  return isVr(header.vr) ? header.vr : 'UN'
}

function valuesOf(
  bytes: Buffer,
  vr: string,
  context: { encoding: Encoding; characterSets: readonly string[] },
): AttributeValue[] {
  if (textVrs.has(vr)) return texts(bytes, vr, context.characterSets)
  const size = numberBytes[vr]
  if (size !== undefined) {
    const { littleEndian } = context.encoding
    const count = Math.floor(bytes.length / size)
    return Array.from({ length: count }, (_, index) => numberAt(bytes, index * size, vr, littleEndian))
  }
  if (bytes.length === 0) return []
  return [context.encoding.littleEndian ? bytes : littleEndianBytes(bytes, vr)]
}

function texts(bytes: Buffer, vr: string, characterSets: readonly string[]): string[] {
  const text = localisedVrs.has(vr)
    ? decodeText(bytes, characterSets, vr === 'PN' ? 'name' : 'text')
    : bytes.toString('latin1')
  // Decoded before it is split: in some sets a backslash is half a character.
  const values = oneValueVrs.has(vr) ? [text] : text.split('\\')
  // PS3.5 table 6.2-1: blanks before the text mean something in LT, ST and UT only.
  const trimmed = values.map((value) => {
    const end = value.replace(/[\0 ]+$/, '')
    return oneValueVrs.has(vr) ? end : end.trimStart()
  })
  return trimmed.every((value) => value === '') ? [] : trimmed
}

function numberAt(bytes: Buffer, at: number, vr: string, little: boolean): number | string {
  switch (vr) {
    case 'US':
      return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
    case 'SS':
      return little ? bytes.readInt16LE(at) : bytes.readInt16BE(at)
    case 'UL':
      return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    case 'SL':
      return little ? bytes.readInt32LE(at) : bytes.readInt32BE(at)
    case 'FL':
      return little ? bytes.readFloatLE(at) : bytes.readFloatBE(at)
    case 'FD':
      return little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at)
    case 'AT': {
      const [group, element] = little
        ? [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)]
        : [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)]
      return keyOf(group * 0x1_0000 + element)
    }
    case 'SV':
      return safely(little ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at))
    default:
      return safely(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
  }
}

function safely(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

const wordBytes: Readonly<Record<string, 2 | 4 | 8>> = { OW: 2, OF: 4, OL: 4, OD: 8, OV: 8 }

function littleEndianBytes(bytes: Buffer, vr: string): Buffer {
  const word = wordBytes[vr]
  if (word === undefined || bytes.length % word !== 0) return bytes
  const copy = Buffer.from(bytes)
  return word === 2 ? copy.swap16() : word === 4 ? copy.swap32() : copy.swap64()
}
