import type { Bucket, WireEntry } from '@twiin/protocol'
import { Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { digestsOf, entriesOf, fitsPut, putEntries, summaryOf, wireBytes } from './ask-replica.ts'
import { equalBytes, hex } from './bytes.ts'
import { dayMs, dayOf } from './days.ts'
import { HeldBuckets, bucketsInCommon } from './held-buckets.ts'
import type { StrayBucket } from './held-buckets.ts'
import { placementFollowing, rangeOf } from './placement.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, EntryRepository, IndexNetwork, Membership } from './ports.ts'
import type { IndexReplica } from './replica.ts'

export interface AntiEntropyOptions {
  /** Our own peer ID. */
  peerId: string
  /** Pause between two rounds. Default 5 minutes. */
  intervalMs?: number
  /** Pause when nobody could be reached: we have just started, or are cut off. Default 15 s. */
  aloneMs?: number
  /** How often members are looked at meanwhile. Default 2 s. */
  tickMs?: number
}
export interface AntiEntropyDeps {
  replica: IndexReplica
  repository: EntryRepository
  /** With our own replica in it: see `networkWithSelf`. */
  network: IndexNetwork
  membership: Membership
  clock: Clock
  log: Logger
}
export interface RoundResult {
  peers: number
  unreachable: number
  pulled: number
  pushed: number
  /** Forgotten: over, or handed to the replicas they now belong to. */
  dropped: number
}

/** Makes replicas agree, moves entries after a change of members, and forgets what is over. Spec 03 §6. */
export class AntiEntropy implements Service {
  readonly name = 'index-anti-entropy'
  readonly #options: Required<AntiEntropyOptions>
  readonly #deps: AntiEntropyDeps
  readonly #placement: () => Placement
  readonly #held: HeldBuckets
  readonly #loop: Loop
  #common: { placement: Placement; buckets: Map<string, Bucket[]> } | undefined
  #reviewed: { placement: Placement; today: number } | undefined
  #last: { placement: Placement; alone: boolean } | undefined

  constructor(options: AntiEntropyOptions, deps: AntiEntropyDeps) {
    this.#options = { intervalMs: 300_000, aloneMs: 15_000, tickMs: 2000, ...options }
    this.#deps = deps
    this.#placement = placementFollowing(deps.membership)
    this.#held = new HeldBuckets(deps.repository)
    this.#loop = new Loop(
      { name: this.name },
      {
        turn: async (signal) => {
          const last = { placement: this.#placement(), alone: true }
          this.#last = last
          const { peers, unreachable, ...moved } = await this.round(signal)
          last.alone = peers > 0 && unreachable === peers
          if (moved.pulled + moved.pushed + moved.dropped > 0)
            deps.log.info('index repaired', { peers, unreachable, ...moved })
        },
        pause: (signal) => this.#pause(signal),
        onError: (error) => deps.log.error('index not repaired', { code: codeOf(error) }),
      },
    )
  }

  start(): Promise<void> {
    return this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Compares with every other replica of our buckets once; a peer that fails is for the next round. */
  async round(signal: AbortSignal): Promise<RoundResult> {
    const placement = this.#placement()
    const result = { peers: 0, unreachable: 0, pulled: 0, pushed: 0, dropped: 0 }
    result.dropped += await this.#review(placement, signal)
    if (this.#common?.placement !== placement) {
      const buckets = await bucketsInCommon(placement, this.#options.peerId, signal)
      this.#common = { placement, buckets }
    }
    const strays = this.#straysByReplica(placement)
    for (const peerId of new Set([...this.#common.buckets.keys(), ...strays.keys()])) {
      signal.throwIfAborted()
      result.peers++
      try {
        await this.#compare(peerId, this.#common.buckets.get(peerId) ?? [], result, signal)
        await this.#handOver(peerId, strays.get(peerId) ?? [], result, signal)
      } catch (error) {
        if (signal.aborted) throw error
        result.unreachable++
        this.#deps.log.debug('replica not compared', { peerId, code: codeOf(error) })
      }
    }
    result.dropped += await this.#dropStrays()
    return result
  }

  async #compare(peerId: string, buckets: readonly Bucket[], result: RoundResult, signal: AbortSignal) {
    const { network } = this.#deps
    for (let at = 0; at < buckets.length; at += digestsPerRequest) {
      const some = buckets.slice(at, at + digestsPerRequest)
      const theirs = await digestsOf(network, peerId, some, signal)
      const ours = await digestsOf(network, this.#options.peerId, some, signal)
      for (const [i, bucket] of some.entries()) {
        if (equalBytes(ours[i] ?? none, theirs[i] ?? none)) continue
        const { newerThere, newerHere } = await this.#differences(peerId, bucket, signal)
        result.pulled += await this.#move(peerId, this.#options.peerId, bucket, newerThere, signal)
        result.pushed += await this.#move(this.#options.peerId, peerId, bucket, newerHere, signal)
      }
    }
  }

  async #handOver(peerId: string, strays: readonly StrayBucket[], result: RoundResult, signal: AbortSignal) {
    for (const stray of strays) {
      if (stray.handedOver) continue
      const { newerHere } = await this.#differences(peerId, stray.bucket, signal)
      const taken = await this.#move(this.#options.peerId, peerId, stray.bucket, newerHere, signal)
      result.pushed += taken
      stray.handedOver = taken === newerHere.size
    }
  }

  async #differences(peerId: string, bucket: Bucket, signal: AbortSignal) {
    const { network } = this.#deps
    const here = new Map<string, number>()
    for await (const key of summaryOf(network, this.#options.peerId, bucket, signal))
      here.set(nameOf(key), key.seq)
    const newerHere = new Set(here.keys())
    const newerThere = new Set<string>()
    for await (const key of summaryOf(network, peerId, bucket, signal)) {
      const name = nameOf(key)
      const seq = here.get(name) ?? 0
      if (key.seq >= seq) newerHere.delete(name)
      if (key.seq > seq) newerThere.add(name)
    }
    return { newerHere, newerThere }
  }

  /** Brings named entries of a bucket from one replica to another; returns how many it took, or had newer. */
  async #move(from: string, to: string, bucket: Bucket, names: ReadonlySet<string>, signal: AbortSignal) {
    if (names.size === 0) return 0
    const { network } = this.#deps
    let batch: WireEntry[] = []
    let bytes = 0
    let taken = 0
    const flush = async () => {
      if (batch.length === 0) return
      const results = await putEntries(network, to, batch, signal)
      taken += results.filter(({ outcome }) => outcome !== 'refused').length
      batch = []
      bytes = 0
    }
    for await (const { mark, entry } of entriesOf(network, from, bucket, signal)) {
      if (!names.has(nameOf(mark))) continue
      if (!fitsPut(batch.length, bytes, entry)) await flush()
      batch.push(entry)
      bytes += wireBytes(entry)
    }
    await flush()
    return taken
  }

  async #review(placement: Placement, signal: AbortSignal): Promise<number> {
    const instant = this.#deps.clock.now()
    const today = dayOf(instant)
    if (this.#reviewed?.placement === placement && this.#reviewed.today === today) return 0
    const over = await this.#held.review(placement, this.#options.peerId, { instant, today }, signal)
    await this.#forget(over)
    this.#reviewed = { placement, today }
    return over.length
  }

  #straysByReplica(placement: Placement): Map<string, StrayBucket[]> {
    const strays = new Map<string, StrayBucket[]>()
    for (const stray of this.#held.strays.values()) {
      for (const peerId of placement.replicasOf(stray.bucket))
        strays.set(peerId, [...(strays.get(peerId) ?? []), stray])
    }
    return strays
  }

  /** spec 03 §6: dropped after a day, and never before a replica of the bucket has them. */
  async #dropStrays(): Promise<number> {
    let dropped = 0
    for (const [name, { bucket, since, handedOver }] of this.#held.strays) {
      if (!handedOver || this.#deps.clock.now() - since < dayMs) continue
      const marks: EntryMark[] = []
      for await (const mark of this.#deps.repository.marks(rangeOf(bucket))) marks.push(mark)
      await this.#forget(marks)
      this.#held.strays.delete(name)
      dropped += marks.length
    }
    return dropped
  }

  async #forget(marks: readonly EntryMark[]): Promise<void> {
    for (let at = 0; at < marks.length; at += 1000)
      await this.#deps.replica.forget(marks.slice(at, at + 1000))
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    const end = clock.now() + (this.#last?.alone === false ? this.#options.intervalMs : this.#options.aloneMs)
    while (clock.now() < end && this.#last?.placement === this.#placement())
      await clock.sleep(Math.min(this.#options.tickMs, end - clock.now()), signal)
  }
}

const none = new Uint8Array(0)
/** What one digest request may name (spec 03 §5). */
const digestsPerRequest = 1000
const nameOf = ({ loc, publisher }: { loc: Uint8Array; publisher: string }) => `${hex(loc)}/${publisher}`
