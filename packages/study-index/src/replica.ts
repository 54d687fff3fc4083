import { setImmediate as breathe } from 'node:timers/promises'
import { limits } from '@twiin/protocol'
import type { Bucket, IndexAnswer, IndexRequest, WireEntry } from '@twiin/protocol'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { BucketDigests, isShown } from './bucket-digests.ts'
import { hex } from './bytes.ts'
import { readCursor, writeCursor } from './cursor.ts'
import { dayOf } from './days.ts'
import { compareEntries } from './merge.ts'
import { bucketName, placementFollowing, rangeOf } from './placement.ts'
import type { Placement } from './placement.ts'
import type {
  EntryKey,
  EntryMark,
  EntryRange,
  EntryRepository,
  Membership,
  StoredEntry,
  VerifyEntrySignature,
} from './ports.ts'
import { judgeEntry } from './put-checks.ts'
import type { IndexRefusal } from './put-checks.ts'
import { Quotas } from './quotas.ts'

export interface ReplicaOptions {
  /** Our own peer ID. */
  peerId: string
}
export interface ReplicaDeps {
  repository: EntryRepository
  membership: Membership
  verify: VerifyEntrySignature
  clock: Clock
  log: Logger
}
type PutResult = Extract<IndexAnswer, { kind: 'put' }>['results'][number]

/** Room for the envelope in an answer, and for CBOR around each entry. */
const pageBytes = limits.indexAnswerBytes - 256 * 1024
/** An Ed25519 check takes some 70 µs: others get a turn after a few milliseconds. */
const checksAtOnce = 64

/** Keeps entries of all publishers and answers for them. Sees neither patient nor content. Spec 03 §5. */
export class IndexReplica {
  readonly #peerId: string
  readonly #deps: ReplicaDeps
  readonly #placement: () => Placement
  readonly #digests: BucketDigests
  readonly #quotas: Quotas
  #writing: Promise<unknown> = Promise.resolve()

  constructor({ peerId }: ReplicaOptions, deps: ReplicaDeps) {
    this.#peerId = peerId
    this.#deps = deps
    this.#placement = placementFollowing(deps.membership)
    this.#digests = new BucketDigests(deps.repository)
    this.#quotas = new Quotas(deps.repository)
  }

  /**
   * `peerId` is the certified peer that asks, until `signal` says that nobody waits any more. Never rejects: what goes
   * wrong here is `refused`.
   */
  async answer(peerId: string, request: IndexRequest, signal?: AbortSignal): Promise<IndexAnswer> {
    const placement = this.#placement()
    if (!placement.members.has(peerId)) return { kind: 'refused', reason: 'NOT_A_MEMBER' }
    if (!servesBuckets(request, placement)) return { kind: 'refused', reason: 'BUCKET_INVALID' }
    try {
      switch (request.kind) {
        case 'put':
          return { kind: 'put', results: await this.#put(peerId, request.entries) }
        case 'get':
          return await this.#get(request.bucket, request.after, signal)
        case 'digest':
          return { kind: 'digest', digests: await this.#digest(request.buckets, signal) }
        case 'summary':
          return await this.#summary(request.bucket, request.after, signal)
      }
    } catch (error) {
      const reason = isTwiinError(error, 'CURSOR_INVALID') ? error.code : 'OUT_OF_RESOURCES'
      this.#deps.log.warn('index request not served', { request: request.kind, code: codeOf(error) })
      return { kind: 'refused', reason }
    }
  }

  /** Forgets entries for good; see `AntiEntropy` for which. */
  async forget(marks: readonly EntryMark[]): Promise<void> {
    await this.#inTurn(async () => {
      await this.#deps.repository.deleteAll(marks)
      this.#quotas.forgotten(marks)
    })
    this.#digests.changed(marks)
  }

  async #put(peerId: string, entries: readonly WireEntry[]): Promise<PutResult[]> {
    const { membership, verify, clock } = this.#deps
    const checks = {
      ownPeerId: this.#peerId,
      placement: this.#placement(),
      isRevoked: (peerId: string) => membership.isRevoked(peerId),
      verify,
      today: dayOf(clock.now()),
    }
    const judged: (StoredEntry | IndexRefusal)[] = []
    for (const [i, entry] of entries.entries()) {
      if (i > 0 && i % checksAtOnce === 0) await breathe()
      judged.push(judgeEntry(entry, checks))
    }
    this.#logRefusals(peerId, judged)
    // What stands is read and replaced in one turn, or two requests could both pass the check of the sequence number.
    return this.#inTurn(() => this.#store(judged, checks.placement))
  }

  /** One line for each reason: what was refused, and from whom; a bundle that is behind looks like an intruder at first. */
  #logRefusals(peerId: string, judged: readonly (StoredEntry | IndexRefusal)[]): void {
    for (const code of new Set(judged.filter((one) => typeof one === 'string'))) {
      const entries = judged.filter((one) => one === code).length
      this.#deps.log.warn('entries refused', { peerId, code, entries })
    }
  }

  async #store(judged: (StoredEntry | IndexRefusal)[], placement: Placement): Promise<PutResult[]> {
    const { repository } = this.#deps
    const accepted = new Map<string, StoredEntry>()
    const quotas = this.#quotas.round(placement)
    const results: PutResult[] = []
    for (const candidate of judged) {
      if (typeof candidate === 'string') {
        results.push({ outcome: 'refused', reason: candidate })
        continue
      }
      const standing = accepted.get(nameOf(candidate.mark)) ?? (await repository.get(candidate.mark))
      if (standing === undefined && !(await quotas.admits(candidate.mark))) {
        results.push({ outcome: 'refused', reason: 'QUOTA_EXCEEDED' })
        continue
      }
      const order = standing === undefined ? 1 : compareEntries(candidate, standing)
      if (order > 0) accepted.set(nameOf(candidate.mark), candidate)
      if (standing !== undefined && order < 0) results.push({ outcome: 'stale', seq: standing.mark.seq })
      else results.push({ outcome: 'stored' })
    }
    if (accepted.size === 0) return results
    await repository.putAll([...accepted.values()])
    quotas.done()
    this.#digests.changed([...accepted.values()].map(({ mark }) => mark))
    return results
  }

  async #get(bucket: Bucket, after: Uint8Array | undefined, signal?: AbortSignal): Promise<IndexAnswer> {
    const placement = this.#placement()
    const today = dayOf(this.#deps.clock.now())
    const entries: WireEntry[] = []
    let bytes = 0
    let last: EntryKey | undefined
    for await (const { mark, entry } of this.#deps.repository.entries(pageOf(bucket, after))) {
      signal?.throwIfAborted()
      if (!isShown(mark, placement, today)) continue
      bytes += entry.header.byteLength + entry.body.byteLength + entry.signature.byteLength + 48
      if (last !== undefined && (entries.length >= limits.indexEntriesPerPage || bytes > pageBytes))
        return { kind: 'get', entries, next: writeCursor(last) }
      entries.push(entry)
      last = mark
    }
    return { kind: 'get', entries }
  }

  async #summary(bucket: Bucket, after: Uint8Array | undefined, signal?: AbortSignal): Promise<IndexAnswer> {
    const placement = this.#placement()
    const today = dayOf(this.#deps.clock.now())
    const keys: { loc: Uint8Array; publisher: string; seq: number }[] = []
    for await (const mark of this.#deps.repository.marks(pageOf(bucket, after))) {
      signal?.throwIfAborted()
      if (!isShown(mark, placement, today)) continue
      const last = keys.at(-1)
      if (last !== undefined && keys.length >= limits.indexEntriesPerPage)
        return { kind: 'summary', keys, next: writeCursor(last) }
      keys.push({ loc: mark.loc, publisher: mark.publisher, seq: mark.seq })
    }
    return { kind: 'summary', keys }
  }

  async #digest(buckets: readonly Bucket[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const placement = this.#placement()
    const today = dayOf(this.#deps.clock.now())
    const work = { marks: 0, signal }
    const known = new Map<string, Uint8Array>()
    for (const bucket of buckets) {
      const name = bucketName(bucket)
      if (!known.has(name)) known.set(name, await this.#digests.of(bucket, placement, today, work))
    }
    return buckets.map((bucket) => known.get(bucketName(bucket)) ?? none)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work)
    this.#writing = done.catch(() => {})
    return done
  }
}

/** spec 03 §5: no bucket wider than those of now; one bit of tolerance, as bundles change. */
function servesBuckets(request: IndexRequest, { view }: Placement): boolean {
  if (request.kind === 'put') return true
  if (request.kind !== 'digest') return request.bucket.bits >= view.bits - 1
  return request.buckets.every(({ bits }) => Math.abs(bits - view.bits) <= 1)
}

const none = new Uint8Array(0)

const nameOf = ({ epoch, loc, publisher }: EntryKey) => `${epoch}/${hex(loc)}/${publisher}`

function pageOf(bucket: Bucket, after: Uint8Array | undefined): EntryRange {
  return { ...rangeOf(bucket), after: after === undefined ? undefined : readCursor(after) }
}
