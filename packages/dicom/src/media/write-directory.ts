import { keyOf } from '../attributes.ts'
import type { Attribute, Attributes } from '../attributes.ts'
import { encodeElement, encodeHeader } from '../element-encoding.ts'
import { explicitLittleEndian } from '../element-header.ts'
import { encodeIdentifier } from '../encode-attributes.ts'
import { part10Header } from '../part10.ts'
import type { Part10Meta } from '../part10.ts'
import { transferSyntax } from '../transfer-syntax.ts'
import { directoryTags as tags, mediaStorageDirectory } from './directory-tags.ts'

/** A record to be written: its keys, the file it means, and the records below it. */
export interface DirectoryNode {
  type: string
  keys: Attributes
  file?: Part10Meta & { fileId: readonly string[] }
  below: readonly DirectoryNode[]
}

interface Placed {
  node: DirectoryNode
  at: number
  next: number
  lower: number
}

const itemHeaderBytes = 8
const inUse = 0xffff

/**
 * A DICOMDIR (PS3.3 annex F, PS3.10 §8.6): explicit VR little endian, each record before those below it, before its next
 * brother.
 */
export function encodeDirectory(options: {
  fileSetId: string
  sopInstanceUid: string
  roots: readonly DirectoryNode[]
}): Buffer {
  const header = part10Header({
    sopClassUid: mediaStorageDirectory,
    sopInstanceUid: options.sopInstanceUid,
    transferSyntaxUid: transferSyntax.explicitLittleEndian,
  })
  const before = (first: number, last: number) =>
    Buffer.concat([
      encodeElement(tags.fileSetId, 'CS', options.fileSetId, explicitLittleEndian),
      number(tags.firstRecord, 'UL', first),
      number(tags.lastRecord, 'UL', last),
      number(tags.consistency, 'US', 0),
    ])
  const sequenceHeader = (length: number) =>
    encodeHeader(tags.recordSequence, 'SQ', length, explicitLittleEndian)
  const start = header.length + before(0, 0).length + sequenceHeader(0).length

  const placed: Placed[] = []
  const end = place(options.roots, start, placed)
  const roots = new Set(options.roots)
  const rootPlaces = placed.filter(({ node }) => roots.has(node)).map(({ at }) => at)
  return Buffer.concat([
    header,
    before(rootPlaces[0] ?? 0, rootPlaces.at(-1) ?? 0),
    sequenceHeader(end - start),
    ...placed.flatMap((record) => {
      const content = encodeRecord(record)
      return [encodeHeader(0xfffe_e000, '', content.length, explicitLittleEndian), content]
    }),
  ])
}

/** Gives each record its place; returns where the last one ends. Offsets have one length, so places do not move. */
function place(nodes: readonly DirectoryNode[], from: number, placed: Placed[]): number {
  let at = from
  let before: Placed | undefined
  for (const node of nodes) {
    const record: Placed = { node, at, next: 0, lower: 0 }
    if (before !== undefined) before.next = at
    placed.push(record)
    const behind = at + itemHeaderBytes + encodeRecord(record).length
    if (node.below.length > 0) record.lower = behind
    at = place(node.below, behind, placed)
    before = record
  }
  return at
}

function encodeRecord({ node, next, lower }: Placed): Buffer {
  const entries: [number, Attribute][] = [
    [tags.nextRecord, { vr: 'UL', value: [next] }],
    [tags.inUse, { vr: 'US', value: [inUse] }],
    [tags.lowerRecord, { vr: 'UL', value: [lower] }],
    [tags.recordType, { vr: 'CS', value: [node.type] }],
  ]
  if (node.file !== undefined) {
    const { fileId, sopClassUid, sopInstanceUid, transferSyntaxUid } = node.file
    entries.push(
      [tags.fileId, { vr: 'CS', value: fileId }],
      [tags.sopClassUid, { vr: 'UI', value: [sopClassUid] }],
      [tags.sopInstanceUid, { vr: 'UI', value: [sopInstanceUid] }],
      [tags.transferSyntaxUid, { vr: 'UI', value: [transferSyntaxUid] }],
    )
  }
  const links = entries.map(([tag, attribute]): [string, Attribute] => [keyOf(tag), attribute])
  return encodeIdentifier(new Map([...links, ...node.keys]), transferSyntax.explicitLittleEndian)
}

function number(tag: number, vr: 'UL' | 'US', value: number): Buffer {
  const bytes = Buffer.alloc(vr === 'UL' ? 4 : 2)
  bytes.writeUIntLE(value, 0, bytes.length)
  return encodeElement(tag, vr, bytes, explicitLittleEndian)
}
