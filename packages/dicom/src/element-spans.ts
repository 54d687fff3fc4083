import { contentEncoding, maxDepth, readHeader, undefinedLength } from './element-header.ts'
import type { ElementHeader, Encoding } from './element-header.ts'
import { tags } from './tags.ts'
import { unreadable } from './unreadable.ts'

/** More items than any sequence we read has; bounds what a hostile one can make us allocate. */
const maxItems = 1000

/** An element in memory. */
export interface Element {
  header: ElementHeader
  value: Uint8Array
}

/** The elements of an item (or of a short data set) that is wholly in memory, or `only` some. Throws `DICOM_UNREADABLE`. */
export function readElements(
  bytes: Uint8Array,
  encoding: Encoding,
  only?: ReadonlySet<number>,
): Map<number, Element> {
  const elements = new Map<number, Element>()
  for (let at = 0; at < bytes.length;) {
    const header = headerAt(bytes, at, encoding)
    const start = at + header.headerBytes
    const { valueEnd, end } = extent(bytes, start, header, encoding, 0)
    if (only?.has(header.tag) ?? true) {
      elements.set(header.tag, { header, value: bytes.subarray(start, valueEnd) })
    }
    at = end
  }
  return elements
}

/** The contents of the items of a sequence, given the element's whole value (a final delimiter may be there or not). */
export function readItems(
  sequence: Element,
  encoding: Encoding,
): { items: Uint8Array[]; encoding: Encoding } {
  const inner = contentEncoding(sequence.header, encoding)
  const items: Uint8Array[] = []
  for (const { content, isCut } of walkItems(sequence.value, inner)) {
    if (isCut) throw unreadable('a length runs past its item')
    if (items.length === maxItems) throw unreadable('too many items')
    items.push(content)
  }
  return { items, encoding: inner }
}

/**
 * Items one after the other, each with where it begins, up to the sequence's delimiter or the end; of the last one what
 * is there, when its length runs past the end.
 */
export function* walkItems(
  bytes: Uint8Array,
  encoding: Encoding,
): Generator<{ at: number; content: Uint8Array; isCut: boolean }> {
  for (let at = 0; at < bytes.length;) {
    const header = headerAt(bytes, at, encoding)
    if (header.tag === tags.sequenceDelimitation) return
    if (header.tag !== tags.item) throw unreadable('no item where one should start')
    const start = at + header.headerBytes
    if (header.length !== undefinedLength && start + header.length > bytes.length) {
      yield { at, content: bytes.subarray(start), isCut: true }
      return
    }
    const { valueEnd, end } = extent(bytes, start, header, encoding, 0)
    yield { at, content: bytes.subarray(start, valueEnd), isCut: false }
    at = end
  }
}

/** Where the value that starts at `start` ends, and where its delimiter (if any) ends. */
function extent(
  bytes: Uint8Array,
  start: number,
  header: ElementHeader,
  encoding: Encoding,
  depth: number,
): { valueEnd: number; end: number } {
  if (header.length !== undefinedLength) {
    const end = start + header.length
    if (end > bytes.length) throw unreadable('a length runs past its item')
    return { valueEnd: end, end }
  }
  if (depth >= 2 * maxDepth) throw unreadable('nested too deeply')
  const inner = contentEncoding(header, encoding)
  const closing = header.tag === tags.item ? tags.itemDelimitation : tags.sequenceDelimitation
  for (let at = start; ;) {
    const child = headerAt(bytes, at, inner)
    const next = at + child.headerBytes
    if (child.tag === closing) return { valueEnd: at, end: next }
    at = extent(bytes, next, child, inner, depth + 1).end
  }
}

function headerAt(bytes: Uint8Array, at: number, encoding: Encoding): ElementHeader {
  const header = readHeader(bytes, at, encoding)
  if (header === undefined) throw unreadable('an item ends within an element')
  return header
}
