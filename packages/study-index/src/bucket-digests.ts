import { createHash } from 'node:crypto'
import type { Bucket } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { u64, utf8 } from './bytes.ts'
import { bucketName, rangeOf } from './placement.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, EntryRange, EntryRepository } from './ports.ts'
import { isAlive } from './put-checks.ts'

/** Marks read for the digests of one request: 1,000 buckets of 150 entries, and room. */
const marksPerDigestRequest = 500_000

/** What others are shown: not what expired, nor what a publisher left behind that is no member any more. */
export function isShown(mark: EntryMark, placement: Placement, today: number): boolean {
  return placement.members.has(mark.publisher) && isAlive(mark, today)
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
  async of(
    bucket: Bucket,
    placement: Placement,
    today: number,
    work: { marks: number },
  ): Promise<Uint8Array> {
    if (this.#basis?.placement !== placement || this.#basis.today !== today) this.#known.clear()
    this.#basis = { placement, today }
    const name = bucketName(bucket)
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const changes = this.#changes
    const digest = await this.#compute(rangeOf(bucket), placement, today, work)
    // Only buckets as they are cut now are told when they change.
    if (bucket.bits === placement.view.bits && changes === this.#changes) this.#known.set(name, digest)
    return digest
  }

  /** These entries were written or deleted. */
  changed(marks: Iterable<EntryMark>): void {
    this.#changes++
    const placement = this.#basis?.placement
    if (placement === undefined) return
    for (const { loc, epoch } of marks) this.#known.delete(bucketName(placement.bucketOf(loc, epoch)))
  }

  async #compute(range: EntryRange, placement: Placement, today: number, work: { marks: number }) {
    const hash = createHash('sha256')
    for await (const mark of this.#repository.marks(range)) {
      if (++work.marks > marksPerDigestRequest) throw new TwiinError('OUT_OF_RESOURCES')
      if (!isShown(mark, placement, today)) continue
      hash.update(mark.loc).update(utf8(mark.publisher)).update(u64(mark.seq))
    }
    return new Uint8Array(hash.digest())
  }
}
