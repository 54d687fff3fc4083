import { limits } from '@twiin/protocol'
import type { Bucket, IndexAnswer, IndexRequest, WireEntry } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { compareCursors } from './cursor.ts'
import type { EntryMark, IndexNetwork } from './ports.ts'
import { markOf } from './sealed-entry.ts'

/**
 * Questions to one replica, and what an honest answer to each looks like.
 * @throws TwiinError ANSWER_INVALID, INDEX_REFUSED (`reason` is the replica's code), and what the network throws
 */

export type PutResult = Extract<IndexAnswer, { kind: 'put' }>['results'][number]
export interface Listed {
  readonly loc: Uint8Array
  readonly publisher: string
  readonly seq: number
}

/** Bytes of entries in one put; the envelope has room beside it. */
const putBytes = limits.indexRequestBytes - 256 * 1024
/** A bucket of 200,000 entries is no bucket. */
const mostPages = 200

export const wireBytes = ({ header, body, signature }: WireEntry): number =>
  header.byteLength + body.byteLength + signature.byteLength + 48

/** True when one more entry still fits a request that holds `count` entries of `bytes` bytes. */
export const fitsPut = (count: number, bytes: number, entry: WireEntry): boolean =>
  count < limits.indexEntriesPerPut && bytes + wireBytes(entry) <= putBytes

export async function putEntries(
  network: IndexNetwork,
  peerId: string,
  entries: WireEntry[],
  signal?: AbortSignal,
): Promise<PutResult[]> {
  const { results } = await ask(network, peerId, { kind: 'put', entries }, signal)
  if (results.length !== entries.length) throw new TwiinError('ANSWER_INVALID', { request: 'put' })
  return results
}

export async function digestsOf(
  network: IndexNetwork,
  peerId: string,
  buckets: Bucket[],
  signal?: AbortSignal,
): Promise<Uint8Array[]> {
  const { digests } = await ask(network, peerId, { kind: 'digest', buckets }, signal)
  if (digests.length !== buckets.length) throw new TwiinError('ANSWER_INVALID', { request: 'digest' })
  return digests
}

/**
 * The entries of a bucket, page by page, unjudged. Strictly ascending: a replica that repeats itself to keep us busy
 * is cut off.
 */
export async function* entriesOf(
  network: IndexNetwork,
  peerId: string,
  bucket: Bucket,
  signal?: AbortSignal,
): AsyncGenerator<{ mark: EntryMark; entry: WireEntry }> {
  const order = new Ascending('get')
  for await (const page of pages(network, peerId, { kind: 'get', bucket }, signal)) {
    for (const entry of page.entries) yield { mark: order.next(markOf(entry)), entry }
  }
}

/** What a replica holds of a bucket: the triples of its summary, ascending. */
export async function* summaryOf(
  network: IndexNetwork,
  peerId: string,
  bucket: Bucket,
  signal?: AbortSignal,
): AsyncGenerator<Listed> {
  const order = new Ascending('summary')
  for await (const page of pages(network, peerId, { kind: 'summary', bucket }, signal)) {
    for (const key of page.keys) yield order.next(key)
  }
}

class Ascending {
  readonly #request: string
  #last: { loc: Uint8Array; publisher: string } | undefined

  constructor(request: string) {
    this.#request = request
  }

  next<K extends { loc: Uint8Array; publisher: string }>(key: K): K {
    if (this.#last !== undefined && compareCursors(key, this.#last) <= 0)
      throw new TwiinError('ANSWER_INVALID', { request: this.#request })
    this.#last = key
    return key
  }
}

async function* pages<R extends Extract<IndexRequest, { kind: 'get' | 'summary' }>>(
  network: IndexNetwork,
  peerId: string,
  request: R,
  signal: AbortSignal | undefined,
): AsyncGenerator<AnswerTo<R>> {
  let after: Uint8Array | undefined
  for (let page = 0; page < mostPages; page++) {
    const answer = await ask(network, peerId, after === undefined ? request : { ...request, after }, signal)
    yield answer
    after = (answer as { next?: Uint8Array }).next
    if (after === undefined) return
  }
  throw new TwiinError('ANSWER_INVALID', { request: request.kind })
}

type AnswerTo<R extends IndexRequest> = Extract<IndexAnswer, { kind: R['kind'] }>

async function ask<R extends IndexRequest>(
  network: IndexNetwork,
  peerId: string,
  request: R,
  signal: AbortSignal | undefined,
): Promise<AnswerTo<R>> {
  signal?.throwIfAborted()
  const answer = await network.ask(peerId, request, signal)
  if (answer.kind === 'refused') throw new TwiinError('INDEX_REFUSED', { reason: answer.reason })
  if (answer.kind !== request.kind) throw new TwiinError('ANSWER_INVALID', { request: request.kind })
  return answer as AnswerTo<R>
}
