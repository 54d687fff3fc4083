import type { Signer } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { dayOf } from './days.ts'
import { Deliveries } from './deliveries.ts'
import { placementFollowing } from './placement.ts'
import type { Placement } from './placement.ts'
import type {
  EntryDomain,
  IndexNetwork,
  Membership,
  Publication,
  PublicationState,
  PublishedEntry,
  PublishedStudy,
  VerifyEntrySignature,
} from './ports.ts'
import { PublicationBook } from './publication-book.ts'
import { restate } from './restate.ts'

export interface PublisherOptions {
  /** How often members, epoch and dates are looked at. Default 2,000 ms. */
  tickMs?: number
  /** Replicas written to at once. Default 16. */
  replicasAtOnce?: number
}
export interface PublisherDeps {
  signer: Signer<EntryDomain>
  verify: VerifyEntrySignature
  /** With our own replica in it: see `networkWithSelf`. */
  network: IndexNetwork
  membership: Membership
  state: PublicationState
  clock: Clock
  log: Logger
  /** Cryptographic random bytes. */
  random: (bytes: number) => Uint8Array
}
export interface PublisherStatus {
  /** (patient, replica) pairs still to be told. */
  pending: number
  /** Replicas that do not answer or refuse, with what waits for them. */
  waitingFor: { peerId: string; patients: number; reason: string }[]
}
/** Which replicas have the wanted state of a patient, and which get it when they are back or change their mind. */
export interface Placed {
  stored: string[]
  away: string[]
}
/** Keeps the index in step with what this hospital wants to be seen. Spec 03 §6. */
export class IndexPublisher implements Service {
  readonly name = 'index-publisher'
  readonly #options: Required<PublisherOptions>
  readonly #deps: PublisherDeps
  readonly #placement: () => Placement
  readonly #book: PublicationBook
  readonly #deliveries: Deliveries
  #running = new AbortController()
  #ticking: Promise<void> | undefined
  #reviewed: { placement: Placement; today: number } | undefined

  constructor(options: PublisherOptions, deps: PublisherDeps) {
    this.#options = { tickMs: 2000, replicasAtOnce: 16, ...options }
    this.#deps = deps
    this.#placement = placementFollowing(deps.membership)
    this.#book = new PublicationBook(deps.state)
    this.#deliveries = new Deliveries(this.#options, {
      ...deps,
      book: this.#book,
      missing: (entry) => this.#missing(entry),
    })
  }

  async start(): Promise<void> {
    this.#running = new AbortController()
    this.#reviewed = undefined
    this.#deliveries.start()
    this.#ticking = this.#tick(this.#running.signal)
  }

  async stop(): Promise<void> {
    this.#running.abort(new TwiinError('STOPPING'))
    await this.#ticking
    await this.#deliveries.stop()
  }

  /**
   * Wanted state of one patient: studies to show (none: that there is something), or undefined = withdraw. Durable when
   * it resolves; replicas follow. One key for each patient, that is for each BSN: two keys with one token would fight.
   */
  async want(
    patientKey: string,
    token: Uint8Array,
    studies: readonly PublishedStudy[] | undefined,
  ): Promise<void> {
    let stated: Publication | undefined
    await this.#book.update([patientKey], (get) => {
      const standing = get(patientKey)
      stated = restate({ patientKey, token, studies }, standing, this.#now(), this.#deps)
      return stated === undefined || stated === standing ? [] : [stated]
    })
    if (stated !== undefined) this.#deliveries.enqueue(stated)
  }

  /** Resolves when every replica that answers has the patient's wanted state. */
  async settled(patientKey: string, signal?: AbortSignal): Promise<Placed> {
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(asError(signal.reason)), { once: true })
    })
    aborted.catch(() => {})
    for (;;) {
      signal?.throwIfAborted()
      const { progress, queues } = this.#deliveries
      const publication = await this.#deps.state.get(patientKey)
      const missing = new Set(publication?.entries.flatMap((entry) => this.#missing(entry)))
      if ([...missing].every((peerId) => queues.get(peerId)?.isStuckOn(patientKey) === true)) {
        const replicas = new Set(publication?.entries.flatMap((entry) => this.#replicas(entry)))
        return { stored: [...replicas].filter((peerId) => !missing.has(peerId)), away: [...missing] }
      }
      await Promise.race([progress, aborted])
    }
  }

  status(): PublisherStatus {
    const queues = [...this.#deliveries.queues.values()]
    return {
      pending: queues.reduce((sum, { size }) => sum + size, 0),
      waitingFor: queues.flatMap(({ peerId, size, trouble }) =>
        trouble === undefined || size === 0 ? [] : [{ peerId, patients: size, reason: trouble }],
      ),
    }
  }

  #now() {
    return { placement: this.#placement(), today: dayOf(this.#deps.clock.now()) }
  }
  #replicas({ loc, epoch }: PublishedEntry): readonly string[] {
    const placement = this.#placement()
    return placement.replicasOf(placement.bucketOf(loc, epoch))
  }
  #missing(entry: PublishedEntry): string[] {
    return this.#replicas(entry).filter((peerId) => !entry.storedBy.includes(peerId))
  }

  /** Members, epoch and date change seldom; then every publication is looked at again. So it is after a start. */
  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#now()
      if (this.#reviewed?.placement !== now.placement || this.#reviewed.today !== now.today) {
        try {
          await this.#review(signal)
          this.#reviewed = now
        } catch (error) {
          if (!signal.aborted) this.#deps.log.error('publications not reviewed', { code: codeOf(error) })
        }
      }
      await this.#deps.clock.sleep(this.#options.tickMs, signal).catch(() => {})
    }
  }

  async #review(signal: AbortSignal): Promise<void> {
    this.#deliveries.clear()
    const group: string[] = []
    const flush = async () => {
      const keys = group.splice(0)
      const stated: Publication[] = []
      await this.#book.update(keys, (get) =>
        keys.flatMap((key) => {
          const standing = get(key)
          if (standing === undefined) return []
          const now = restate(standing, standing, this.#now(), this.#deps)
          if (now !== undefined) stated.push(now)
          return now === undefined || now === standing ? [] : [now]
        }),
      )
      for (const publication of stated) this.#deliveries.enqueue(publication)
    }
    for await (const { patientKey } of this.#deps.state.all()) {
      signal.throwIfAborted()
      group.push(patientKey)
      if (group.length >= 100) await flush()
    }
    await flush()
  }
}

const asError = (reason: unknown) => (reason instanceof Error ? reason : new TwiinError('ABORTED'))
