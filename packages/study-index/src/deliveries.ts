import { limits } from '@twiin/protocol'
import type { Signer } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { entriesOf, fitsPut, putEntries, wireBytes } from './ask-replica.ts'
import type { PutResult } from './ask-replica.ts'
import { equalBytes, hex } from './bytes.ts'
import { dayOf } from './days.ts'
import { bucketOf } from './placement.ts'
import type {
  EntryDomain,
  IndexNetwork,
  Publication,
  PublicationState,
  PublishedEntry,
  VerifyEntrySignature,
} from './ports.ts'
import type { PublicationBook } from './publication-book.ts'
import { RenumberingPace } from './renumbering-pace.ts'
import { ReplicaQueue } from './replica-queue.ts'
import { renumbered } from './restate.ts'
import { signatureHolds } from './sealed-entry.ts'

export interface DeliveriesDeps {
  signer: Signer<EntryDomain>
  verify: VerifyEntrySignature
  network: IndexNetwork
  state: PublicationState
  book: PublicationBook
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
  /** Replicas that must have this entry and do not, as far as we know. */
  missing: (entry: PublishedEntry) => string[]
}
interface Sent {
  readonly patientKey: string
  readonly entry: PublishedEntry
}

/** Brings publications to the replicas that miss them: in batches, one conversation with each, as long as it takes. */
export class Deliveries {
  readonly #replicasAtOnce: number
  readonly #deps: DeliveriesDeps
  readonly #queues = new Map<string, ReplicaQueue>()
  readonly #driving = new Map<string, Promise<void>>()
  readonly #renumbering = new RenumberingPace()
  #running: AbortController | undefined
  #progress = Promise.withResolvers<void>()
  #busy = 0
  #slotWaiters: (() => void)[] = []

  constructor(options: { replicasAtOnce: number }, deps: DeliveriesDeps) {
    this.#replicasAtOnce = options.replicasAtOnce
    this.#deps = deps
  }

  start(): void {
    this.#running = new AbortController()
    this.#driveAll()
  }

  async stop(): Promise<void> {
    this.#running?.abort(new TwiinError('STOPPING'))
    for (const wake of this.#slotWaiters.splice(0)) wake()
    await Promise.all(this.#driving.values())
    this.#running = undefined
  }

  get queues(): ReadonlyMap<string, ReplicaQueue> {
    return this.#queues
  }
  /** Resolves when any replica has answered or failed again. */
  get progress(): Promise<void> {
    return this.#progress.promise
  }

  clear(): void {
    for (const queue of this.#queues.values()) queue.clear()
  }

  enqueue(publication: Publication): void {
    for (const entry of publication.entries) {
      for (const peerId of this.#deps.missing(entry))
        this.#queueOf(peerId).add(publication.patientKey, entry.tombstone)
    }
    this.#driveAll()
  }

  #queueOf(peerId: string): ReplicaQueue {
    const known = this.#queues.get(peerId)
    if (known !== undefined) return known
    const queue = new ReplicaQueue(peerId)
    this.#queues.set(peerId, queue)
    return queue
  }

  #driveAll(): void {
    const signal = this.#running?.signal
    if (signal === undefined || signal.aborted) return
    for (const queue of this.#queues.values()) {
      if (queue.size === 0 || this.#driving.has(queue.peerId)) continue
      const drive = this.#drive(queue, signal).finally(() => {
        this.#driving.delete(queue.peerId)
        // Something may have been added after the drive had seen the end of its queue.
        if (queue.size > 0) this.#driveAll()
      })
      this.#driving.set(queue.peerId, drive)
    }
  }

  /** Tells one replica everything it has to be told, as long as that takes. Never rejects. */
  async #drive(queue: ReplicaQueue, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#deps
    while (!signal.aborted) {
      const wait = queue.waitMs(clock.now())
      if (wait === undefined) return
      try {
        if (wait > 0) await clock.sleep(wait, signal)
        await this.#slot(signal, () => this.#tell(queue, signal))
      } catch (error) {
        if (signal.aborted) return
        const reason = isTwiinError(error, 'INDEX_REFUSED') ? String(error.facts.reason) : codeOf(error)
        log.info('replica does not take entries', { peerId: queue.peerId, reason })
        // Half to full pause: publishers that lost the same replica do not come back all at once.
        queue.failed(reason, clock.now(), 0.5 + (random(1)[0] ?? 0) / 512)
      }
      this.#progressed()
    }
  }

  async #tell(queue: ReplicaQueue, signal: AbortSignal): Promise<void> {
    const { network, clock } = this.#deps
    const batch = await this.#batch(queue)
    if (batch.length === 0) return
    let results: PutResult[]
    try {
      results = await putEntries(
        network,
        queue.peerId,
        batch.map(({ entry }) => entry.entry),
        signal,
      )
      await this.#record(queue.peerId, batch, results)
    } catch (error) {
      giveBack(queue, batch)
      throw error
    }
    queue.answered()
    const refusals = new Map<string, string>()
    for (const [i, result] of results.entries()) {
      const sent = batch[i]
      if (sent === undefined) continue
      if (result.outcome === 'refused') refusals.set(sent.patientKey, result.reason ?? 'REFUSED')
      if (result.outcome !== 'stale') continue
      const refusal = await this.#goOnFrom(queue.peerId, sent, signal)
      if (refusal !== undefined) refusals.set(sent.patientKey, refusal)
    }
    queue.refused(refusals, clock.now())
  }

  async #batch(queue: ReplicaQueue): Promise<Sent[]> {
    const batch: Sent[] = []
    let bytes = 0
    for (const patientKey of queue.take(this.#deps.clock.now())) {
      const publication = await this.#deps.state.get(patientKey).catch((error: unknown) => {
        queue.add(patientKey, false)
        giveBack(queue, batch)
        throw error
      })
      for (const entry of publication?.entries ?? []) {
        if (!this.#deps.missing(entry).includes(queue.peerId)) continue
        if (!fitsPut(batch.length, bytes, entry.entry)) {
          queue.add(patientKey, entry.tombstone)
          return batch
        }
        batch.push({ patientKey, entry })
        bytes += wireBytes(entry.entry)
      }
    }
    return batch
  }

  /** Only the entry that was sent counts as stored: meanwhile something else may be wanted. */
  async #record(peerId: string, batch: readonly Sent[], results: readonly PutResult[]): Promise<void> {
    const stored = batch.filter((_, i) => results[i]?.outcome === 'stored')
    const sent = new Map(stored.map(({ patientKey, entry }) => [nameOf(patientKey, entry), entry]))
    const keys = [...new Set(stored.map(({ patientKey }) => patientKey))]
    await this.#deps.book.update(keys, (get) =>
      keys.flatMap((key) => {
        const publication = get(key)
        if (publication === undefined) return []
        const entries = publication.entries.map((entry) =>
          sent.has(nameOf(key, entry)) && !entry.storedBy.includes(peerId)
            ? { ...entry, storedBy: [...entry.storedBy, peerId] }
            : entry,
        )
        return [{ ...publication, entries }]
      }),
    )
  }

  /**
   * A replica has a number as high as ours for something else: our state is older than what we published (it was
   * restored). It must show that entry with our signature, and we must have no memory of it, or anyone could drive our
   * numbers up. Returns why it counts as refused.
   */
  async #goOnFrom(
    peerId: string,
    { patientKey, entry }: Sent,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const theirs = await this.#ownEntryAt(peerId, entry, signal)
    // What we sent ourselves proves nothing, nor does what came before it: all smaller numbers are spent anyway.
    if (theirs === undefined || theirs.seq < entry.seq || equalBytes(theirs.header, entry.entry.header))
      return 'STALE_UNPROVEN'
    if (!this.#renumbering.begins(patientKey, this.#deps.clock.now())) return 'STALE_AGAIN'
    let stated: Publication | undefined
    await this.#deps.book.update([patientKey], (get) => {
      const publication = get(patientKey)
      const current = publication?.entries.find(
        (each) => nameOf(patientKey, each) === nameOf(patientKey, entry),
      )
      if (publication === undefined || current === undefined) return []
      stated = renumbered(publication, current, theirs.seq, dayOf(this.#deps.clock.now()), this.#deps)
      return [stated]
    })
    if (stated !== undefined) this.enqueue(stated)
    return undefined
  }

  async #ownEntryAt(peerId: string, { loc, epoch }: PublishedEntry, signal: AbortSignal) {
    const { network, signer, verify } = this.#deps
    let seen = 0
    for await (const { mark, entry } of entriesOf(network, peerId, bucketOf(loc, epoch, 32), signal)) {
      if (mark.publisher === signer.peerId && equalBytes(mark.loc, loc))
        return signatureHolds(signer.peerId, entry, verify)
          ? { seq: mark.seq, header: entry.header }
          : undefined
      // One location holds one entry of each member.
      if (++seen >= limits.indexEntriesPerPage) return undefined
    }
    return undefined
  }

  /** At most `replicasAtOnce` conversations: their batches are what fills memory. */
  async #slot(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (this.#busy >= this.#replicasAtOnce && !signal.aborted)
      await new Promise<void>((resolve) => this.#slotWaiters.push(resolve))
    signal.throwIfAborted()
    this.#busy++
    try {
      await work()
    } finally {
      this.#busy--
      this.#slotWaiters.shift()?.()
    }
  }

  #progressed(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }
}

function giveBack(queue: ReplicaQueue, batch: readonly Sent[]): void {
  for (const { patientKey, entry } of batch) queue.add(patientKey, entry.tombstone)
}

/** An entry of one patient by what a replica judges: place and number, and which of two with one number. */
function nameOf(patientKey: string, entry: PublishedEntry): string {
  return `${patientKey} ${entry.epoch} ${hex(entry.loc)} ${hex(entry.entry.signature)}`
}
