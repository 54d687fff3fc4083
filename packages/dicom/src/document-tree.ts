import { decodeText, parseCharacterSets } from './character-set.ts'
import type { TextKind } from './character-set.ts'
import { contentEncoding, readHeader, undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { uidText } from './part10.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** Levels of sequences: no report of a real system is half as deep. */
const mostLevels = 34
/** So many headers a data set may have: every one is looked at once, so that this bounds the time too (tens of milliseconds). */
const mostHeaders = 100_000

/** Attributes of documents that are sequences: in implicit VR nothing else says so (PS3.6). */
const sequences: ReadonlySet<number> = new Set([
  0x0008_1115, // Referenced Series
  0x0008_1199, // Referenced SOP
  0x0040_08ea, // Measurement Units Code
  0x0040_a043, // Concept Name Code
  0x0040_a073, // Verifying Observer
  0x0040_a078, // Author Observer
  0x0040_a168, // Concept Code
  0x0040_a300, // Measured Value
  0x0040_a301, // Numeric Value Qualifier Code
  0x0040_a360, // Predecessor Documents
  0x0040_a375, // Current Requested Procedure Evidence
  0x0040_a730, // Content
])

/** A data set, or an item of a sequence, as a tree: made in one pass, with bounds, for documents of a few megabytes. */
export class DocumentNode {
  #values: Map<number, Uint8Array> | undefined
  #items: Map<number, DocumentNode[]> | undefined
  readonly #littleEndian: boolean
  #characterSets: readonly string[]

  constructor(encoding: Encoding, inherited: readonly string[]) {
    this.#littleEndian = encoding.littleEndian
    this.#characterSets = inherited
  }

  get characterSets(): readonly string[] {
    return this.#characterSets
  }

  add(tag: number, value: Uint8Array): void {
    // PS3.5 §7.1: tags ascend, so it stands before everything that is text.
    if (tag === tags.specificCharacterSet) this.#characterSets = parseCharacterSets(value)
    this.#values ??= new Map()
    this.#values.set(tag, value)
  }

  addItem(tag: number, item: DocumentNode): void {
    this.#items ??= new Map()
    const items = this.#items.get(tag)
    if (items === undefined) this.#items.set(tag, [item])
    else items.push(item)
  }

  bytes(tag: number): Uint8Array | undefined {
    return this.#values?.get(tag)
  }

  items(tag: number): readonly DocumentNode[] {
    return this.#items?.get(tag) ?? []
  }

  /** Without padding; '' when absent. */
  text(tag: number, kind: TextKind = 'text'): string {
    const value = this.#values?.get(tag)
    if (value === undefined) return ''
    return decodeText(value, this.#characterSets, kind).replace(/[\0 ]+$/, '')
  }

  uid(tag: number): string {
    return uidText(this.#values?.get(tag) ?? new Uint8Array(0)).trim()
  }

  /** Values of a UL, at most so many. */
  numbers(tag: number, most: number): number[] {
    const value = this.#values?.get(tag) ?? new Uint8Array(0)
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
    const count = Math.min(most, Math.floor(value.byteLength / 4))
    return Array.from({ length: count }, (_, at) => view.getUint32(at * 4, this.#littleEndian))
  }
}

/** Throws `DICOM_UNREADABLE` with the reason. */
export function readDocumentTree(bytes: Uint8Array, encoding: Encoding): DocumentNode {
  return new TreeReader(bytes).dataSet(encoding)
}

class TreeReader {
  readonly #bytes: Uint8Array
  #at = 0
  #headers = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  dataSet(encoding: Encoding): DocumentNode {
    return this.#elements(this.#bytes.length, encoding, new DocumentNode(encoding, ['']), 0)
  }

  /** Until `end`, or, when that is undefined, until the delimiter of the item. */
  #elements(end: number | undefined, encoding: Encoding, node: DocumentNode, level: number): DocumentNode {
    while (end === undefined || this.#at < end) {
      const header = this.#header(encoding)
      if (end === undefined && header.tag === tags.itemDelimitation) return node
      const valueEnd = this.#endOf(header, end)
      if (isSequence(header)) this.#sequence(header, valueEnd, encoding, node, level + 1)
      else if (valueEnd === undefined) throw unreadable('a value without a length')
      else {
        node.add(header.tag, this.#bytes.subarray(this.#at, valueEnd))
        this.#at = valueEnd
      }
    }
    if (this.#at !== end) throw unreadable('a length runs past its item')
    return node
  }

  #sequence(
    header: ElementHeader,
    end: number | undefined,
    outer: Encoding,
    node: DocumentNode,
    level: number,
  ): void {
    if (level > mostLevels) throw unreadable('nested too deeply')
    const encoding = contentEncoding(header, outer)
    while (end === undefined || this.#at < end) {
      const item = this.#header(encoding)
      if (end === undefined && item.tag === tags.sequenceDelimitation) return
      // Encapsulated pixel data or something else that is no sequence of data sets: no document has it.
      if (item.tag !== tags.item) throw unreadable('no item where one should start')
      const itemEnd = this.#endOf(item, end)
      const child = new DocumentNode(encoding, node.characterSets)
      node.addItem(header.tag, this.#elements(itemEnd, encoding, child, level))
    }
    if (this.#at !== end) throw unreadable('a length runs past its sequence')
  }

  #header(encoding: Encoding): ElementHeader {
    if (++this.#headers > mostHeaders) throw unreadable('too many elements')
    const header = readHeader(this.#bytes, this.#at, encoding)
    if (header === undefined) throw unreadable('the data set is cut off')
    this.#at += header.headerBytes
    return header
  }

  #endOf(header: ElementHeader, within: number | undefined): number | undefined {
    if (header.length === undefinedLength) return undefined
    const end = this.#at + header.length
    if (end > (within ?? this.#bytes.length)) throw unreadable('a length runs past its item')
    return end
  }
}

const isSequence = ({ vr, tag, length }: ElementHeader) =>
  vr === 'SQ' || length === undefinedLength || (vr === undefined && sequences.has(tag))
