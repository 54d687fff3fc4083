import { inflateRawSync } from 'node:zlib'

/** What filing may change (spec 05 §6): the patient's number and its issuer, the accession number's issuer, and the record of it. */
const mayDiffer = new Set(['00100020', '00100021', '00100024', '00080050', '00080051', '04000561'])

for (const group of ['0008', '0010', '0400']) mayDiffer.add(`${group}0000`) // their lengths follow

const deflated = '1.2.840.10008.1.2.1.99'
const implicitLittleEndian = '1.2.840.10008.1.2'
const explicitBigEndian = '1.2.840.10008.1.2.2'
const undefinedLength = 0xffff_ffff
const longVrs = new Set('OB OD OF OL OV OW SQ SV UC UN UR UT UV'.split(' '))

interface Syntax {
  explicit: boolean
  little: boolean
}

interface Element {
  tag: string
  start: number
  end: number
}

/**
 * The tags of top-level elements in which two data sets differ, byte for byte and in their order, besides those that
 * filing may change; empty when there are none. Written apart from the product's own reader on purpose.
 */
export function differingElements(one: Buffer, other: Buffer, transferSyntaxUid: string): string[] {
  if (one.equals(other)) return []
  const [left, right] = [one, other].map((bytes) => {
    const { plain, syntax } = readable(bytes, transferSyntaxUid)
    return elementsOf(plain, syntax)
      .filter(({ tag }) => !mayDiffer.has(tag))
      .map(({ tag, start, end }) => ({ tag, bytes: plain.subarray(start, end) }))
  }) as [Comparable[], Comparable[]]
  const length = Math.max(left.length, right.length)
  return Array.from({ length }, (_, at) => [left[at], right[at]] as const)
    .filter(([a, b]) => a === undefined || b === undefined || a.tag !== b.tag || !a.bytes.equals(b.bytes))
    .map(([a, b]) => a?.tag ?? b?.tag ?? '')
}

interface Comparable {
  tag: string
  bytes: Buffer
}

function elementsOf(bytes: Buffer, syntax: Syntax): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at, syntax)
    elements.push(element)
    at = element.end
  }
  return elements
}

function elementAt(bytes: Buffer, start: number, syntax: Syntax): Element {
  const { u16, u32 } = numbers(bytes, syntax)
  const tag = [u16(start), u16(start + 2)].map((half) => half.toString(16).padStart(4, '0')).join('')
  const isItem = tag.startsWith('fffe')
  const vr = syntax.explicit && !isItem ? bytes.toString('latin1', start + 4, start + 6) : ''
  const headerBytes = longVrs.has(vr) ? 12 : 8
  const length = headerBytes === 12 ? u32(start + 8) : vr === '' ? u32(start + 4) : u16(start + 6)
  const value = start + headerBytes
  if (length !== undefinedLength) return { tag, start, end: value + length }
  // PS3.5 §6.2.2: a UN of undefined length holds a sequence in implicit VR little endian.
  const inside = vr === 'UN' ? { explicit: false, little: true } : syntax
  return { tag, start, end: endOfParts(bytes, value, inside) }
}

/** Past the delimiter that ends a sequence, an item, or encapsulated pixel data. */
function endOfParts(bytes: Buffer, start: number, syntax: Syntax): number {
  for (let at = start; at < bytes.length;) {
    const part = elementAt(bytes, at, syntax)
    at = part.end
    if (part.tag === 'fffee00d' || part.tag === 'fffee0dd') return at
  }
  throw new Error('a sequence without end')
}

function numbers(bytes: Buffer, { little }: Syntax) {
  return {
    u16: (at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    u32: (at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
  }
}

/** Text of a top-level element without its padding; undefined when it is absent. Throws on what is no data set. */
export function elementText(dataSet: Buffer, tag: string, transferSyntaxUid: string): string | undefined {
  const { plain, syntax } = readable(dataSet, transferSyntaxUid)
  const element = elementsOf(plain, syntax).find((candidate) => candidate.tag === tag)
  if (element === undefined) return undefined
  const long = syntax.explicit && longVrs.has(plain.toString('latin1', element.start + 4, element.start + 6))
  return plain.toString('utf8', element.start + (long ? 12 : 8), element.end).replace(/[ \0]+$/, '')
}

function readable(dataSet: Buffer, transferSyntaxUid: string): { plain: Buffer; syntax: Syntax } {
  return {
    plain: transferSyntaxUid === deflated ? inflateRawSync(dataSet) : dataSet,
    syntax: {
      explicit: transferSyntaxUid !== implicitLittleEndian,
      little: transferSyntaxUid !== explicitBigEndian,
    },
  }
}
