import { setImmediate as breathe } from 'node:timers/promises'
import type { Bucket } from '@twiin/protocol'
import { memoryDays } from './days.ts'
import { bucketName, bucketNumber } from './placement.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, EntryRepository } from './ports.ts'

/** Entries of a publisher that left or was revoked are hidden at once and kept this long: it may be a mistake. */
const goneDays = 30
const stepsBeforeBreath = 2000

/** A bucket we hold and are no replica of any more. */
export interface StrayBucket {
  readonly bucket: Bucket
  /** When we noticed, milliseconds since the Unix epoch. */
  readonly since: number
  /** True once a replica of the bucket has everything we have in it. */
  handedOver: boolean
}

/** For each member: the buckets that both of us are replicas of. */
export async function bucketsInCommon(
  placement: Placement,
  ownPeerId: string,
  signal: AbortSignal,
): Promise<Map<string, Bucket[]>> {
  const { bits } = placement.view
  const common = new Map<string, Bucket[]>()
  for (const epoch of placement.epochs) {
    for (let number = 0; number < 2 ** bits; number++) {
      if (number % stepsBeforeBreath === 0) await breathe(undefined, { signal })
      const bucket = bucketNumber(epoch, bits, number)
      const replicas = placement.compute(bucket)
      if (!replicas.includes(ownPeerId)) continue
      for (const peerId of replicas) {
        if (peerId === ownPeerId) continue
        const buckets = common.get(peerId)
        if (buckets === undefined) common.set(peerId, [bucket])
        else buckets.push(bucket)
      }
    }
  }
  return common
}

/** Goes through everything that is kept: what is over, and what now belongs elsewhere. */
export class HeldBuckets {
  readonly #repository: EntryRepository
  readonly #goneSince = new Map<string, number>()
  strays = new Map<string, StrayBucket>()

  constructor(repository: EntryRepository) {
    this.#repository = repository
  }

  /** Returns the entries that may be forgotten, and finds the stray buckets among the rest. */
  async review(
    placement: Placement,
    ownPeerId: string,
    now: { instant: number; today: number },
    signal: AbortSignal,
  ): Promise<EntryMark[]> {
    const over: EntryMark[] = []
    const strays = new Map<string, StrayBucket>()
    let steps = 0
    for await (const mark of this.#repository.marks()) {
      if (++steps % stepsBeforeBreath === 0) await breathe(undefined, { signal })
      if (this.#isOver(mark, placement, now.today)) {
        over.push(mark)
        continue
      }
      const bucket = placement.bucketOf(mark.loc, mark.epoch)
      if (placement.replicasOf(bucket).includes(ownPeerId)) continue
      const name = bucketName(bucket)
      const stray = this.strays.get(name) ?? { bucket, since: now.instant, handedOver: false }
      strays.set(name, stray)
    }
    // Other members: whoever has it now may not be who had to have it before.
    for (const stray of strays.values()) stray.handedOver = false
    this.strays = strays
    return over
  }

  #isOver(mark: EntryMark, placement: Placement, today: number): boolean {
    if (today > mark.issued + memoryDays || mark.epoch < Math.min(...placement.epochs)) return true
    if (placement.members.has(mark.publisher)) {
      this.#goneSince.delete(mark.publisher)
      return false
    }
    const since = this.#goneSince.get(mark.publisher)
    if (since === undefined) this.#goneSince.set(mark.publisher, today)
    return since !== undefined && today - since > goneDays
  }
}
