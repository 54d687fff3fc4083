import { setImmediate } from 'node:timers/promises'
import { isTwiinError } from '@twiin/runtime'
import { readHeader } from '../element-header.ts'
import type { Encoding } from '../element-header.ts'
import { readElements, walkItems } from '../element-spans.ts'
import type { Element } from '../element-spans.ts'
import { uidText } from '../part10.ts'
import { describeTransferSyntax } from '../transfer-syntax.ts'
import { isUid } from '../uid.ts'
import { unreadable } from '../unreadable.ts'
import { directoryTags } from './directory-tags.ts'
import { recogniseFile } from './recognise-file.ts'

/** One directory record (PS3.3 annex F.3), as far as it tells which file it means. */
export interface DirectoryRecord {
  type: string
  /** Referenced File ID as it stands there, components separated by `\`. Undefined: the record means no file. */
  fileId?: string
  sopInstanceUid?: string
}

export interface Directory {
  records: DirectoryRecord[]
  /** Records that cannot be reached by the offsets that DICOMDIR itself gives. */
  unreached: number
  /** Why it could not be read to its end. */
  broken?: string
}

/** More than any disc has; bounds what a hostile one makes us keep. */
const mostRecords = 200_000
/** So many records without a pause. */
const atOnce = 1000

const wanted: ReadonlySet<number> = new Set(Object.values(directoryTags))

interface Links {
  next: number
  lower: number
}

/**
 * The records of a DICOMDIR one after the other as they stand, since its offsets are what is wrong most often. Throws
 * `DICOM_UNREADABLE` when it is no DICOMDIR.
 */
export async function readDirectory(file: Uint8Array): Promise<Directory> {
  const recognised = recogniseFile(file)
  const encoding = describeTransferSyntax(recognised?.transferSyntaxUid ?? '')
  if (recognised === undefined || encoding === undefined || encoding.deflated)
    throw unreadable('no directory')
  const { sequenceAt, first } = findSequence(file, recognised.dataSetOffset, encoding)
  const records: DirectoryRecord[] = []
  const links = new Map<number, Links>()
  let broken: string | undefined
  try {
    for (const { at, content, isCut } of walkItems(file.subarray(sequenceAt), encoding)) {
      if (records.length === mostRecords) throw unreadable('too many records')
      const elements = readElements(content, encoding, wanted)
      records.push(recordOf(elements))
      links.set(sequenceAt + at, linksOf(elements, encoding))
      if (isCut) broken = 'cut off'
      if (records.length % atOnce === 0) await setImmediate()
    }
  } catch (error) {
    if (!isTwiinError(error, 'DICOM_UNREADABLE')) throw error
    broken = String(error.facts.reason)
  }
  const unreached = records.length - reached(first, links)
  return { records, unreached, ...(broken === undefined ? {} : { broken }) }
}

/** Where the items of the Directory Record Sequence begin, and the offset of the first root record. */
function findSequence(
  file: Uint8Array,
  from: number,
  encoding: Encoding,
): { sequenceAt: number; first: number } {
  let first = 0
  for (let at = from; ;) {
    const header = readHeader(file, at, encoding)
    if (header === undefined || header.tag > directoryTags.recordSequence) break
    const value = at + header.headerBytes
    if (header.tag === directoryTags.recordSequence) return { sequenceAt: value, first }
    at = value + header.length
    if (at > file.length) break
    if (header.tag === directoryTags.firstRecord) first = uint32(file.subarray(value, at), encoding)
  }
  throw unreadable('no directory records')
}

function recordOf(elements: Map<number, Element>): DirectoryRecord {
  const fileId = text(elements.get(directoryTags.fileId)?.value)
  const uid = uidText(elements.get(directoryTags.sopInstanceUid)?.value ?? new Uint8Array(0))
  return {
    type: text(elements.get(directoryTags.recordType)?.value).slice(0, 16),
    ...(fileId === '' ? {} : { fileId }),
    ...(isUid(uid) ? { sopInstanceUid: uid } : {}),
  }
}

function linksOf(elements: Map<number, Element>, encoding: Encoding): Links {
  const offset = (tag: number) => uint32(elements.get(tag)?.value ?? new Uint8Array(0), encoding)
  return { next: offset(directoryTags.nextRecord), lower: offset(directoryTags.lowerRecord) }
}

/** How many records the offsets lead to; a circle is walked once. */
function reached(first: number, links: Map<number, Links>): number {
  const seen = new Set<number>()
  const waiting = [first]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const record = links.get(at)
    if (record === undefined || seen.has(at)) continue
    seen.add(at)
    waiting.push(record.next, record.lower)
  }
  return seen.size
}

function text(value: Uint8Array = new Uint8Array(0)): string {
  return Buffer.from(value.subarray(0, 1024)).toString('latin1').replaceAll('\0', '').trim()
}

function uint32(value: Uint8Array, { littleEndian }: Encoding): number {
  const bytes = Buffer.from(value)
  if (bytes.length < 4) return 0
  return littleEndian ? bytes.readUInt32LE() : bytes.readUInt32BE()
}
