/**
 * The few data sets that DIMSE services themselves must read and write: references for storage commitment, and lists of
 * failed UIDs. UIDs, numbers of two bytes and sequences of those; everything else is passed over. Real data sets are the
 * business of packages/dicom.
 */
import { dimseError } from '../dimse-error.ts'
import { transferSyntax } from '../uids.ts'

export interface Element {
  /** Group and element, 0xggggeeee. */
  tag: number
  value: Buffer
  /** Of a sequence. */
  items: readonly (readonly Element[])[]
}

export interface Encoding {
  explicit: boolean
  big: boolean
}

/** Undefined for what identifiers are not exchanged in here: deflated or compressed syntaxes. */
export function encodingOf(transferSyntaxUid: string): Encoding | undefined {
  if (transferSyntaxUid === transferSyntax.implicitVrLittleEndian) return { explicit: false, big: false }
  if (transferSyntaxUid === transferSyntax.explicitVrLittleEndian) return { explicit: true, big: false }
  return transferSyntaxUid === transferSyntax.explicitVrBigEndian ? { explicit: true, big: true } : undefined
}

const undefinedLength = 0xffffffff
const tags = { item: 0xfffee000, itemEnd: 0xfffee00d, sequenceEnd: 0xfffee0dd } as const
/** PS3.5 §7.1.2: these have two reserved bytes and a length of four. */
const longRepresentations = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
])
const nothing = Buffer.alloc(0)
const noItems: readonly (readonly Element[])[] = []
const maxDepth = 4
const maxElements = 300_000
/** Others get their turn after so many elements. */
export const elementsAtOnce = 1024

/** DATA_SET_MALFORMED for lengths that do not add up, nesting deeper than four, or more than 300,000 elements. Yields now and then. */
export function* readElements(
  bytes: Buffer,
  encoding: Encoding,
  isSequence: (tag: number) => boolean,
): Generator<void, Element[]> {
  return yield* new Reader(bytes, encoding, isSequence).elements(bytes.length, 0)
}

class Reader {
  readonly #bytes: Buffer
  readonly #encoding: Encoding
  readonly #isSequence: (tag: number) => boolean
  #at = 0
  #count = 0

  constructor(bytes: Buffer, encoding: Encoding, isSequence: (tag: number) => boolean) {
    this.#bytes = bytes
    this.#encoding = encoding
    this.#isSequence = isSequence
  }

  /** Up to `end`, or, where that is undefined, to the delimiter of an item. */
  *elements(end: number | undefined, depth: number): Generator<void, Element[]> {
    if (depth > maxDepth) throw malformed('nesting')
    const found: Element[] = []
    while (end === undefined || this.#at < end) {
      const { tag, length, isSequence } = this.#header()
      if (end === undefined && tag === tags.itemEnd) return found
      if (++this.#count > maxElements) throw malformed('too many elements')
      if (this.#count % elementsAtOnce === 0) yield
      if (isSequence || length === undefinedLength) {
        found.push({ tag, value: nothing, items: yield* this.#items(length, depth) })
      } else {
        found.push({ tag, value: this.#take(length), items: noItems })
      }
    }
    if (this.#at !== end) throw malformed('element length')
    return found
  }

  *#items(length: number, depth: number): Generator<void, Element[][]> {
    const end = length === undefinedLength ? undefined : this.#at + length
    if (end !== undefined && end > this.#bytes.length) throw malformed('sequence length')
    const items: Element[][] = []
    while (end === undefined || this.#at < end) {
      const tag = this.#tag()
      const itemLength = this.#number(4)
      if (end === undefined && tag === tags.sequenceEnd) return items
      if (tag !== tags.item || ++this.#count > maxElements) throw malformed('item')
      if (this.#count % elementsAtOnce === 0) yield
      const itemEnd = itemLength === undefinedLength ? undefined : this.#at + itemLength
      if (itemEnd !== undefined && itemEnd > this.#bytes.length) throw malformed('item length')
      items.push(yield* this.elements(itemEnd, depth + 1))
    }
    return items
  }

  #header(): { tag: number; length: number; isSequence: boolean } {
    const tag = this.#tag()
    const isDelimiter = tag >>> 16 === 0xfffe
    if (!this.#encoding.explicit || isDelimiter)
      return { tag, length: this.#number(4), isSequence: this.#isSequence(tag) }
    const representation = this.#take(2).toString('latin1')
    if (!longRepresentations.has(representation)) return { tag, length: this.#number(2), isSequence: false }
    this.#take(2)
    return { tag, length: this.#number(4), isSequence: representation === 'SQ' }
  }

  #tag(): number {
    const group = this.#number(2)
    return ((group << 16) | this.#number(2)) >>> 0
  }

  #number(bytes: 2 | 4): number {
    const at = this.#at
    if (bytes > this.#bytes.length - at) throw malformed('element length')
    this.#at += bytes
    const { big } = this.#encoding
    if (bytes === 2) return big ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt16LE(at)
    return big ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at)
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw malformed('element length')
    return this.#bytes.subarray(this.#at, (this.#at += length))
  }
}

/** Writes elements in the order they are given; all lengths are defined. */
export class DataSetWriter {
  readonly #encoding: Encoding
  #bytes = Buffer.allocUnsafe(1024)
  #at = 0

  constructor(encoding: Encoding) {
    this.#encoding = encoding
  }

  uids(tag: number, uids: readonly string[]): void {
    const text = uids.join('\\')
    const length = text.length + (text.length % 2)
    this.#header(tag, 'UI', length)
    this.#reserve(length)
    this.#at += this.#bytes.write(text, this.#at, 'latin1')
    if (length > text.length) this.#at = this.#bytes.writeUInt8(0, this.#at)
  }

  number(tag: number, value: number): void {
    this.#header(tag, 'US', 2)
    this.#number(value, 2)
  }

  /** `write` gets each item in turn. Yields now and then. */
  *sequence<T>(tag: number, items: readonly T[], write: (item: T) => void): Generator<void, void> {
    this.#header(tag, 'SQ', 0)
    const start = this.#at
    for (const [index, item] of items.entries()) {
      if (index % elementsAtOnce === elementsAtOnce - 1) yield
      this.#header(tags.item, '', 0)
      const itemStart = this.#at
      write(item)
      this.#setLength(itemStart)
    }
    this.#setLength(start)
  }

  end(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #header(tag: number, representation: '' | 'UI' | 'US' | 'SQ', length: number): void {
    this.#number(tag >>> 16, 2)
    this.#number(tag & 0xffff, 2)
    if (!this.#encoding.explicit || representation === '') return this.#number(length, 4)
    this.#reserve(4)
    this.#at += this.#bytes.write(representation, this.#at, 'latin1')
    if (representation !== 'SQ') return this.#number(length, 2)
    this.#number(0, 2)
    this.#number(length, 4)
  }

  /** Of what was written since `start`, whose length of four bytes stands right before it. */
  #setLength(start: number): void {
    const length = this.#at - start
    if (this.#encoding.big) this.#bytes.writeUInt32BE(length, start - 4)
    else this.#bytes.writeUInt32LE(length, start - 4)
  }

  #number(value: number, bytes: 2 | 4): void {
    this.#reserve(bytes)
    const { big } = this.#encoding
    if (bytes === 2)
      this.#at = big ? this.#bytes.writeUInt16BE(value, this.#at) : this.#bytes.writeUInt16LE(value, this.#at)
    else
      this.#at = big ? this.#bytes.writeUInt32BE(value, this.#at) : this.#bytes.writeUInt32LE(value, this.#at)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(2 * (this.#bytes.length + bytes))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

const malformed = (what: string) => dimseError('DATA_SET_MALFORMED', { what })
