import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ByteSource } from './byte-source.ts'
import { contentEncoding, maxDepth, maxHeaderBytes, readHeader, undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** An element where it stands in its data set. */
export interface TreeElement {
  readonly tag: number
  /** Absent in implicit VR. */
  readonly vr: string | undefined
  readonly encoding: Encoding
  /** Of the value, delimiter not counted. */
  readonly offset: number
  readonly length: number
  /** Of a sequence. */
  readonly items?: readonly Tree[]
  /** It holds fragments: pixel data in compressed form. */
  readonly isEncapsulated?: true
}
export type Tree = ReadonlyMap<number, TreeElement>

export interface TreeLimits {
  /** Elements and items at all levels. Default 200,000. */
  maxElements?: number
  /** Nothing behind this tag is wanted. */
  lastTag?: number
  /** Elements of fragments are not followed to their end: their length is then all that is left. */
  stopAtFragments?: boolean
}

/** So many headers are read before others get their turn. */
const elementsPerTurn = 2000

/**
 * The structure of a data set by random access: no value is read, and pixel data is skipped. Throws `DICOM_UNREADABLE`
 * for one that makes no sense, that is nested too deeply or has too many elements.
 */
export async function readTree(
  source: ByteSource,
  encoding: Encoding,
  limits: TreeLimits = {},
): Promise<Tree> {
  return new TreeReader(source, limits).elements(encoding, source.length, 0)
}

class TreeReader {
  readonly #source: ByteSource
  readonly #limits: TreeLimits
  readonly #most: number
  #at = 0
  #headers = 0

  constructor(source: ByteSource, limits: TreeLimits) {
    this.#source = source
    this.#limits = limits
    this.#most = limits.maxElements ?? 200_000
  }

  /** Up to `end`, or to the delimiter of an item of undefined length (`end` is then the end of what is around it). */
  async elements(encoding: Encoding, end: number, depth: number, untilDelimiter = false): Promise<Tree> {
    const tree = new Map<number, TreeElement>()
    while (this.#at < end) {
      const header = await this.#header(encoding)
      if (header.tag === tags.itemDelimitation && untilDelimiter) return tree
      if (header.tag >>> 16 === 0xfffe) throw unreadable('a delimiter where an element should start')
      if (depth === 0 && header.tag > (this.#limits.lastTag ?? Infinity)) return tree
      const element = await this.#element(header, encoding, end, depth)
      // The first one counts, as for whoever reads it in order.
      if (!tree.has(header.tag)) tree.set(header.tag, element)
      if (depth === 0 && element.isEncapsulated && this.#limits.stopAtFragments) return tree
    }
    if (untilDelimiter) throw unreadable('an item without an end')
    return tree
  }

  async #element(
    header: ElementHeader,
    encoding: Encoding,
    end: number,
    depth: number,
  ): Promise<TreeElement> {
    const { tag, vr, length } = header
    const offset = this.#at
    const place = { tag, vr, encoding, offset }
    const isOpen = length === undefinedLength
    if (!isOpen && offset + length > end) throw unreadable('a length runs past its data set')
    const inner = contentEncoding(header, encoding)
    if (isOpen && (vr?.startsWith('O') === true || tag === tags.pixelData)) {
      if (depth === 0 && this.#limits.stopAtFragments)
        return { ...place, length: end - offset, isEncapsulated: true }
      return { ...place, length: await this.#skipFragments(end), isEncapsulated: true }
    }
    if (vr === 'SQ' || isOpen || (vr === undefined && (await this.#looksLikeSequence(length)))) {
      const items = await this.#items(inner, isOpen ? end : offset + length, isOpen, depth + 1)
      return { ...place, length: (isOpen ? this.#at - 8 : this.#at) - offset, items }
    }
    this.#at = offset + length
    return { ...place, length }
  }

  /** In implicit VR a sequence is known by its dictionary, or by an item where its value starts. */
  async #looksLikeSequence(length: number): Promise<boolean> {
    if (length < 8) return false
    const start = await this.#source.read(this.#at, 8)
    return start[0] === 0xfe && start[1] === 0xff && start[2] === 0x00 && start[3] === 0xe0
  }

  async #items(encoding: Encoding, end: number, untilDelimiter: boolean, depth: number): Promise<Tree[]> {
    if (depth > maxDepth) throw unreadable('nested too deeply')
    const items: Tree[] = []
    while (this.#at < end) {
      const header = await this.#header(encoding)
      if (header.tag === tags.sequenceDelimitation && untilDelimiter) return items
      if (header.tag !== tags.item) throw unreadable('no item where one should start')
      const isOpen = header.length === undefinedLength
      const itemEnd = isOpen ? end : this.#at + header.length
      if (itemEnd > end) throw unreadable('an item runs past its sequence')
      items.push(await this.elements(encoding, itemEnd, depth, isOpen))
    }
    if (untilDelimiter) throw unreadable('a sequence without an end')
    return items
  }

  /** Bytes of the fragments, without the delimiter behind them. */
  async #skipFragments(end: number): Promise<number> {
    const start = this.#at
    while (this.#at < end) {
      const header = await this.#header({ explicit: true, littleEndian: true })
      if (header.tag === tags.sequenceDelimitation) return this.#at - 8 - start
      if (header.tag !== tags.item || this.#at + header.length > end)
        throw unreadable('fragments that make no sense')
      this.#at += header.length
    }
    throw unreadable('fragments without an end')
  }

  async #header(encoding: Encoding): Promise<ElementHeader> {
    if (++this.#headers > this.#most) throw unreadable('too many elements')
    if (this.#headers % elementsPerTurn === 0) await nextTurn()
    const reading = this.#source.read(this.#at, maxHeaderBytes)
    const bytes = reading instanceof Uint8Array ? reading : await reading
    const header = readHeader(bytes, 0, encoding)
    if (header === undefined) throw unreadable('the data set is cut off')
    this.#at += header.headerBytes
    return header
  }
}
