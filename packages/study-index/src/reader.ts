import type { EntryBody, WireEntry } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { entriesOf, wireBytes } from './ask-replica.ts'
import { equalBytes } from './bytes.ts'
import { dayOf } from './days.ts'
import { compareEntries } from './merge.ts'
import { placementFollowing } from './placement.ts'
import type { Placement } from './placement.ts'
import type { IndexNetwork, Membership, StoredEntry, VerifyEntrySignature } from './ports.ts'
import { isAlive } from './put-checks.ts'
import { deriveLocation, openEntry, signatureHolds } from './sealed-entry.ts'

export interface ReaderOptions {
  /** Replicas asked at once, and answers waited for. Default 3. */
  answers?: number
  /** A replica that is silent this long gets company. Default 700 ms. */
  hedgeMs?: number
  /** The end of it all; what came so far counts. Default 5,000 ms. */
  timeoutMs?: number
}
export interface ReaderDeps {
  /** With our own replica in it: see `networkWithSelf`. */
  network: IndexNetwork
  membership: Membership
  verify: VerifyEntrySignature
  clock: Clock
}
export interface Found {
  publishers: { peerId: string; ura: string; entry: EntryBody }[]
  /**
   * Replicas asked, and replicas that told all they have of this patient. `answered` 0: nothing is known beyond
   * `publishers`, not even that there is nothing.
   */
  asked: number
  answered: number
}

/** A replica that goes on behind this is cut off: no honest bucket is so large (spec 03 §5). */
const mostBytesOfOne = 64 * 1024 * 1024

/** Finds who holds studies of a patient. Spec 03 §6. */
export class IndexReader {
  readonly #options: Required<ReaderOptions>
  readonly #deps: ReaderDeps
  readonly #placement: () => Placement

  constructor(options: ReaderOptions, deps: ReaderDeps) {
    this.#options = { answers: 3, hedgeMs: 700, timeoutMs: 5000, ...options }
    this.#deps = deps
    this.#placement = placementFollowing(deps.membership)
  }

  /** Rejects only when `signal` aborts: a replica that fails is one that did not answer. */
  async find(token: Uint8Array, signal?: AbortSignal): Promise<Found> {
    const placement = this.#placement()
    // While an epoch changes, publishers that have not moved yet are still where they were.
    const lookups = await Promise.all(
      placement.epochs.map((epoch) => this.#lookUp(token, epoch, placement, signal)),
    )
    signal?.throwIfAborted()
    const publishers = new Map<string, Found['publishers'][number]>()
    const spoken = new Set<string>()
    for (const [i, { standing }] of lookups.entries()) {
      for (const [peerId, { entry }] of standing) {
        if (spoken.has(peerId)) continue
        spoken.add(peerId)
        const opened = openEntry(token, placement.epochs[i] ?? 0, entry)
        const ura = placement.members.get(peerId)?.ura
        if (opened !== undefined && ura !== undefined)
          publishers.set(peerId, { peerId, ura, entry: opened.body })
      }
    }
    return {
      publishers: [...publishers.values()],
      asked: Math.max(...lookups.map(({ asked }) => asked)),
      answered: Math.min(...lookups.map(({ answered }) => answered)),
    }
  }

  /** The union over the answers: for each publisher the entry that stands, tombstones included. */
  async #lookUp(token: Uint8Array, epoch: number, placement: Placement, signal: AbortSignal | undefined) {
    const loc = deriveLocation(token, epoch)
    const bucket = placement.bucketOf(loc, epoch)
    const standing = new Map<string, StoredEntry>()
    const answered = new Set<string>()
    const take = (candidate: StoredEntry) => {
      if (!equalBytes(candidate.mark.loc, loc) || !this.#isTrusted(candidate, token, placement)) return
      const known = standing.get(candidate.mark.publisher)
      if (known === undefined || compareEntries(candidate, known) > 0)
        standing.set(candidate.mark.publisher, candidate)
    }
    const asked = await this.#askInTurn(
      placement.replicasOf(bucket),
      async (peerId, until) => {
        let bytes = 0
        // Where we stop must not depend on the location: the replica would know which one we look for.
        for await (const candidate of entriesOf(this.#deps.network, peerId, bucket, until)) {
          take(candidate)
          if (Buffer.compare(candidate.mark.loc, loc) > 0) answered.add(peerId)
          bytes += wireBytes(candidate.entry)
          if (bytes <= mostBytesOfOne) continue
          if (answered.has(peerId)) return
          throw new TwiinError('ANSWER_INVALID', { request: 'get' })
        }
        answered.add(peerId)
      },
      signal,
    )
    return { standing, asked, answered: answered.size }
  }

  /** spec 03 §3: signature, publisher, expiry, and that it opens (commitment) before anything of it counts. */
  #isTrusted(
    candidate: { mark: StoredEntry['mark']; entry: WireEntry },
    token: Uint8Array,
    placement: Placement,
  ) {
    const { mark, entry } = candidate
    return (
      placement.members.has(mark.publisher) &&
      isAlive(mark, dayOf(this.#deps.clock.now())) &&
      signatureHolds(mark.publisher, entry, this.#deps.verify) &&
      (mark.tombstone || openEntry(token, mark.epoch, entry) !== undefined)
    )
  }

  /**
   * Asks `answers` peers at once and one more for each that fails or is slow, until enough have answered. Returns how
   * many were asked.
   */
  async #askInTurn(
    peers: readonly string[],
    ask: (peerId: string, until: AbortSignal) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { answers, hedgeMs, timeoutMs } = this.#options
    const { clock } = this.#deps
    const over = new AbortController()
    const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
    const wanted = Math.min(answers, peers.length)
    let asked = 0
    let answered = 0
    let running = 0
    const { promise: enough, resolve: finish } = Promise.withResolvers<void>()
    const askNext = () => {
      const peerId = peers[asked]
      if (peerId === undefined) return void (running === 0 && finish())
      asked++
      running++
      // Slow, and failed: each brings in the next peer, once.
      let replaced = false
      const replace = () => {
        if (replaced || until.aborted) return
        replaced = true
        askNext()
      }
      clock.sleep(hedgeMs, until).then(replace, () => {})
      ask(peerId, until).then(
        () => {
          running--
          replaced = true
          if (++answered >= wanted || (running === 0 && asked === peers.length)) finish()
        },
        () => {
          running--
          replace()
          if (running === 0 && asked === peers.length) finish()
        },
      )
    }
    if (wanted === 0) finish()
    for (let i = 0; i < wanted; i++) askNext()
    clock.sleep(timeoutMs, until).then(finish, finish)
    await enough
    over.abort()
    return asked
  }
}
