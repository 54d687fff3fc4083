import { createHash } from 'node:crypto'
import type { Bucket } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { u64, utf8 } from './bytes.ts'
import { bucketName, bucketOf, rangeOf } from './placement.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, EntryRange, EntryRepository } from './ports.ts'
import { isAlive } from './put-checks.ts'

/** Marks read for the digests of one request: 1,000 buckets of 150 entries, and room. */
const marksPerDigestRequest = 500_000

/** What others are shown: not what expired, nor what a publisher left behind that is no member any more. */
export function isShown(mark: EntryMark, placement: Placement, today: number): boolean {
  return placement.members.has(mark.publisher) && isAlive(mark, today)
}

interface Work {
  /** Read so far. */
  marks: number
  /** Found meanwhile: no entry from one location up to another, that one not included. */
  gap?: { epoch: number; from: Uint8Array; before: Uint8Array | undefined }
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined
}

/** Digests of buckets, kept until something in them changes. */
export class BucketDigests {
  readonly #repository: EntryRepository
  readonly #known = new Map<string, Uint8Array>()
  #basis: { placement: Placement; today: number } | undefined
  #changes = 0

  constructor(repository: EntryRepository) {
    this.#repository = repository
  }

  /** spec 03 §5: SHA-256 over loc ‖ publisher ‖ u64 seq of each entry, in order. */
  async of(bucket: Bucket, placement: Placement, today: number, work: Work): Promise<Uint8Array> {
    if (this.#basis?.placement !== placement || this.#basis.today !== today) this.#known.clear()
    this.#basis = { placement, today }
    const name = bucketName(bucket)
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const changes = this.#changes
    const before = work.marks
    const digest = await this.#compute(rangeOf(bucket), placement, today, work)
    // Of empty buckets there is no end; those asked for in order cost one look for all of them.
    if (work.marks > before && changes === this.#changes && widths(placement).includes(bucket.bits))
      this.#known.set(name, digest)
    return digest
  }

  /** These entries were written or deleted. */
  changed(marks: Iterable<EntryMark>): void {
    this.#changes++
    const placement = this.#basis?.placement
    if (placement === undefined) return
    for (const { loc, epoch } of marks)
      for (const bits of widths(placement)) this.#known.delete(bucketName(bucketOf(loc, epoch, bits)))
  }

  async #compute(range: EntryRange, placement: Placement, today: number, work: Work) {
    const hash = createHash('sha256')
    if (!isWithin(range, work.gap)) {
      let isEmpty = true
      // Read past its end: where the next entry is tells of how many buckets behind it that they are empty.
      for await (const mark of this.#repository.marks({ ...range, to: last })) {
        work.signal?.throwIfAborted()
        if (isAfter(mark.loc, range.to)) {
          if (isEmpty) work.gap = { epoch: range.epoch, from: range.from, before: mark.loc }
          return new Uint8Array(hash.digest())
        }
        isEmpty = false
        if (++work.marks > marksPerDigestRequest) throw new TwiinError('OUT_OF_RESOURCES')
        if (!isShown(mark, placement, today)) continue
        hash.update(mark.loc).update(utf8(mark.publisher)).update(u64(mark.seq))
      }
      if (isEmpty) work.gap = { epoch: range.epoch, from: range.from, before: undefined }
    }
    return new Uint8Array(hash.digest())
  }
}

const last = new Uint8Array(32).fill(0xff)
const isAfter = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) > 0

function isWithin({ epoch, from, to }: EntryRange, gap: Work['gap']): boolean {
  if (gap?.epoch !== epoch || isAfter(gap.from, from)) return false
  return gap.before === undefined || isAfter(gap.before, to)
}

/** The prefix lengths asked for: of now, and of a bundle earlier or later. */
const widths = ({ view: { bits } }: Placement) => [bits - 1, bits, bits + 1].filter((n) => n >= 0 && n <= 32)
