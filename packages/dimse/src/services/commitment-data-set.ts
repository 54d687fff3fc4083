import type { CommitmentRequest, CommitmentResult, SopReference } from '../commitment.ts'
import { dimseError } from '../dimse-error.ts'
import { isUid } from '../uids.ts'
import { inTurns } from './in-turns.ts'
import { DataSetWriter, elementsAtOnce, readElements } from './small-data-set.ts'
import type { Element, Encoding } from './small-data-set.ts'

/** PS3.4 tables J.3-1 and J.3-2. */
const tag = {
  referencedSopClassUid: 0x00081150,
  referencedSopInstanceUid: 0x00081155,
  transactionUid: 0x00081195,
  failureReason: 0x00081197,
  failedSopSequence: 0x00081198,
  referencedSopSequence: 0x00081199,
} as const
const isSequence = (candidate: number) =>
  candidate === tag.failedSopSequence || candidate === tag.referencedSopSequence

const maxReferences = 65_535

export function encodeCommitmentRequest(request: CommitmentRequest, encoding: Encoding): Promise<Buffer> {
  return inTurns(encode(request.transactionUid, { committed: request.references, failed: [] }, encoding))
}

export function encodeCommitmentResult(result: CommitmentResult, encoding: Encoding): Promise<Buffer> {
  return inTurns(encode(result.transactionUid, result, encoding))
}

/** Throws as `decodeCommitmentResult`, and for a request that names failures. */
export async function decodeCommitmentRequest(bytes: Buffer, encoding: Encoding): Promise<CommitmentRequest> {
  const { transactionUid, committed, failed } = await decodeCommitmentResult(bytes, encoding)
  if (failed.length > 0) throw malformed('references')
  return { transactionUid, references: committed }
}

/** DATA_SET_MALFORMED for what is not one: no transaction, no references, more than 65,535, or one that is half there. */
export function decodeCommitmentResult(bytes: Buffer, encoding: Encoding): Promise<CommitmentResult> {
  return inTurns(decode(bytes, encoding))
}

function* decode(bytes: Buffer, encoding: Encoding): Generator<void, CommitmentResult> {
  const elements = yield* readElements(bytes, encoding, isSequence)
  const transactionUid = uidOf(elements, tag.transactionUid)
  const committed = yield* each(itemsOf(elements, tag.referencedSopSequence), referenceOf)
  const failed = yield* each(itemsOf(elements, tag.failedSopSequence), (item) => {
    const reason = find(item, tag.failureReason)?.value
    const number = reason?.length === 2 ? (encoding.big ? reason.readUInt16BE() : reason.readUInt16LE()) : 0
    return { ...referenceOf(item), reason: number }
  })
  const count = committed.length + failed.length
  if (count === 0 || count > maxReferences) throw malformed('references')
  return { transactionUid, committed, failed }
}

function* each<T, U>(items: readonly T[], read: (item: T) => U): Generator<void, U[]> {
  const found: U[] = []
  for (const item of items) {
    found.push(read(item))
    if (found.length % elementsAtOnce === 0) yield
  }
  return found
}

function* encode(
  transactionUid: string,
  { committed, failed }: Pick<CommitmentResult, 'committed' | 'failed'>,
  encoding: Encoding,
): Generator<void, Buffer> {
  if (committed.length + failed.length > maxReferences) throw malformed('references')
  const writer = new DataSetWriter(encoding)
  const reference = ({ sopClassUid, sopInstanceUid }: SopReference) => {
    writer.uids(tag.referencedSopClassUid, [sopClassUid])
    writer.uids(tag.referencedSopInstanceUid, [sopInstanceUid])
  }
  writer.uids(tag.transactionUid, [transactionUid])
  if (failed.length > 0) {
    yield* writer.sequence(tag.failedSopSequence, failed, (item) => {
      reference(item)
      writer.number(tag.failureReason, item.reason)
    })
  }
  if (committed.length > 0) yield* writer.sequence(tag.referencedSopSequence, committed, reference)
  return writer.end()
}

const find = (elements: readonly Element[], wanted: number) =>
  elements.find((element) => element.tag === wanted)
const itemsOf = (elements: readonly Element[], wanted: number) => find(elements, wanted)?.items ?? []

function referenceOf(item: readonly Element[]): SopReference {
  return {
    sopClassUid: uidOf(item, tag.referencedSopClassUid),
    sopInstanceUid: uidOf(item, tag.referencedSopInstanceUid),
  }
}

function uidOf(elements: readonly Element[], wanted: number): string {
  const text = find(elements, wanted)
    ?.value.toString('latin1')
    .replace(/[ \0]+$/, '')
  if (text === undefined || !isUid(text)) throw malformed('UID')
  return text
}

const malformed = (what: string) => dimseError('DATA_SET_MALFORMED', { what })
