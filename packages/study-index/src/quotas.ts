import type { Bucket } from '@twiin/protocol'
import { bucketName, rangeOf } from './placement.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, EntryRepository } from './ports.ts'

/** Buckets whose counts are remembered; more than a node of a country holds. */
const mostBuckets = 20_000

/**
 * How many entries of a publisher a replica keeps: in all, and in one bucket, or one member could fill the bucket of
 * somebody it wants nobody to find. Spec 03 §5. Not for concurrent use: one round at a time.
 */
export class Quotas {
  readonly #repository: EntryRepository
  /** By bucket, then publisher; counted when first needed, then kept in step. */
  readonly #counts = new Map<string, Map<string, number>>()
  #placement: Placement | undefined

  constructor(repository: EntryRepository) {
    this.#repository = repository
  }

  /** Judges the entries of one write; `done` when they are stored. */
  round(placement: Placement): { admits: (mark: EntryMark) => Promise<boolean>; done: () => void } {
    if (this.#placement?.view.bits !== placement.view.bits) this.#counts.clear()
    this.#placement = placement
    const inAll = new Map<string, number>()
    const inBucket = new Map<string, { counts: Map<string, number>; publisher: string; fresh: number }>()
    const admits = async (mark: EntryMark) => {
      const { publisher } = mark
      const bucket = placement.bucketOf(mark.loc, mark.epoch)
      const name = `${bucketName(bucket)} ${publisher}`
      const counts = await this.#countsOf(bucket)
      const fresh = inBucket.get(name)?.fresh ?? 0
      const all = inAll.get(publisher) ?? (await this.#repository.countOf(publisher))
      if (all >= quotaOf(publisher, placement)) return false
      if ((counts.get(publisher) ?? 0) + fresh >= bucketQuotaOf(publisher, placement)) return false
      inAll.set(publisher, all + 1)
      inBucket.set(name, { counts, publisher, fresh: fresh + 1 })
      return true
    }
    const done = () => {
      for (const { counts, publisher, fresh } of inBucket.values())
        counts.set(publisher, (counts.get(publisher) ?? 0) + fresh)
    }
    return { admits, done }
  }

  /** These entries are gone: their buckets are counted anew. */
  forgotten(marks: Iterable<EntryMark>): void {
    const placement = this.#placement
    if (placement === undefined) return
    for (const { loc, epoch } of marks) this.#counts.delete(bucketName(placement.bucketOf(loc, epoch)))
  }

  async #countsOf(bucket: Bucket): Promise<Map<string, number>> {
    const name = bucketName(bucket)
    const known = this.#counts.get(name)
    if (known !== undefined) return known
    const counts = new Map<string, number>()
    for await (const { publisher } of this.#repository.marks(rangeOf(bucket)))
      counts.set(publisher, (counts.get(publisher) ?? 0) + 1)
    if (this.#counts.size >= mostBuckets) this.#counts.clear()
    this.#counts.set(name, counts)
    return counts
  }
}

const declaredBy = (publisher: string, placement: Placement) =>
  placement.members.get(publisher)?.declaredPatients ?? 0

/** spec 03 §5: 1.5 × declared patients + 1,000. */
const quotaOf = (publisher: string, placement: Placement) => 1.5 * declaredBy(publisher, placement) + 1000

/** spec 03 §5: 3 × declared patients / 2^bits + 50. */
const bucketQuotaOf = (publisher: string, placement: Placement) =>
  (3 * declaredBy(publisher, placement)) / 2 ** placement.view.bits + 50
