import { createHash } from 'node:crypto'
import type { CharacterSet, Hl7Message } from '@twiin/hl7'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Store } from '@twiin/store'
import type { AllowedSender } from './allowed-sender.ts'
import type { InboxBuckets, InboxRecord, Sender } from './inbox-record.ts'
import type { WorkOff } from './work-off.ts'

interface Deps extends InboxBuckets {
  store: Store
  workOff: WorkOff
  clock: Clock
  log: Logger
}

/** What waits at most, of all senders together: beyond it they are asked to come again. */
const mostWaiting = 20_000
/** How long MSH-10 is remembered, and what was worked off is listed; what failed is kept longer. */
const keepMs = 7 * 86_400_000
const keepFailedMs = 90 * 86_400_000
const sweepMs = 3_600_000

/** Who may send, as configured; without a facility it stands for all. */
type ConfiguredSender = Pick<AllowedSender, 'application' | 'facility'>

/** Messages that were acknowledged: durable first, then worked off in the order of each sender (spec 15 §3). */
export class Hl7Inbox implements Service {
  readonly name = 'hl7 inbox'
  readonly #senders: readonly ConfiguredSender[]
  readonly #deps: Deps
  #lastId = 0
  #waiting = 0
  #stopping = new AbortController()
  /** By configured sender, however many facilities its messages name: ids in order, and the work on them. */
  readonly #queues = new Map<number, { ids: string[]; running: Promise<void> | undefined }>()
  #sweeping: Promise<void> = Promise.resolve()

  constructor(options: { senders: readonly ConfiguredSender[] }, deps: Deps) {
    this.#senders = options.senders
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    const { records, waiting } = this.#deps
    for await (const [id] of records.entries({ reverse: true, limit: 1 })) this.#lastId = parseInt(id, 16)
    for await (const [id, sender] of waiting.entries()) this.#enqueue(id, sender)
    this.#sweeping = this.#sweepNowAndThen(this.#stopping.signal)
  }

  /** What is being worked on comes again at the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TwiinError('STOPPED'))
    await Promise.all([...this.#queues.values()].map(async ({ running }) => running))
    this.#queues.clear()
    this.#waiting = 0
    await this.#sweeping
  }

  /**
   * Durable when it resolves. `again`: this message is here already. `other`: its MSH-10 was another message's.
   * Throws `HL7_BACKLOG`, `OUT_OF_RESOURCES`.
   */
  async take(
    message: Hl7Message,
    body: { bytes: Buffer; unnamedCharacterSet: CharacterSet },
  ): Promise<'new' | 'again' | 'other'> {
    const { store, records, bodies, waiting, controlIds, clock } = this.#deps
    if (this.#waiting >= mostWaiting) throw new TwiinError('HL7_BACKLOG')
    const { sendingApplication: application, sendingFacility: facility, controlId } = message.header
    const sender = { application, facility }
    const digest = digestOf(message)
    const key = JSON.stringify([application, facility, controlId])
    let id = ''
    const outcome = await store.update(`hl7 ${key}`, async (tx) => {
      const known = await tx.get(controlIds, key)
      if (known !== undefined) return known.digest === digest ? 'again' : 'other'
      id = this.#nextId()
      const now = clock.now()
      const facts = { id, sender, type: message.type, controlId, bytes: body.bytes.length, receivedAt: now }
      tx.put(records, id, { ...facts, state: 'waiting', done: [], attempts: 0 })
      tx.put(bodies, id, body)
      tx.put(waiting, id, sender)
      tx.put(controlIds, key, { id, digest })
      return 'new'
    })
    if (outcome === 'new') this.#enqueue(id, sender)
    return outcome
  }

  /** Newest first. `before` is an id. */
  async list(range: {
    before?: string
    limit: number
    state?: InboxRecord['state']
  }): Promise<InboxRecord[]> {
    const found: InboxRecord[] = []
    const { before, limit, state } = range
    const from = { reverse: true, ...(before === undefined ? {} : { after: before }) }
    for await (const [, record] of this.#deps.records.entries(from)) {
      if (state === undefined || record.state === state) found.push(record)
      if (found.length >= limit) break
    }
    return found
  }

  /** How many are not worked off yet. */
  get waiting(): number {
    return this.#waiting
  }

  /** What failed is worked off once more, after what waits of its sender. Throws `NOT_FOUND`, `STATE_CONFLICT`. */
  async retry(id: string): Promise<InboxRecord> {
    const { store, records, waiting } = this.#deps
    const record = await store.update(`hl7 message ${id}`, async (tx) => {
      const before = await tx.get(records, id)
      if (before === undefined) throw new TwiinError('NOT_FOUND')
      if (before.state !== 'failed') throw new TwiinError('STATE_CONFLICT')
      const { settledAt: _, ...rest } = before
      const next: InboxRecord = { ...rest, state: 'waiting', attempts: 0 }
      tx.put(records, id, next)
      tx.put(waiting, id, before.sender)
      return next
    })
    this.#enqueue(id, record.sender)
    return record
  }

  /** Rises also when the machine's clock was set back. */
  #nextId(): string {
    this.#lastId = Math.max(this.#lastId + 1, this.#deps.clock.now() * 1000)
    return this.#lastId.toString(16).padStart(14, '0')
  }

  #enqueue(id: string, sender: Sender): void {
    // What came from one that is not configured any more waits behind each other: -1.
    const key = this.#senders.findIndex(
      ({ application, facility }) =>
        application === sender.application && (facility === undefined || facility === sender.facility),
    )
    const queue = this.#queues.get(key) ?? { ids: [], running: undefined }
    this.#queues.set(key, queue)
    queue.ids.push(id)
    this.#waiting++
    queue.running ??= this.#drain(key, queue)
  }

  /** One sender's messages, one by one. Never rejects. */
  async #drain(key: number, queue: { ids: string[] }): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      const id = queue.ids.shift()
      if (id === undefined || signal.aborted) break
      await this.#deps.workOff.settle(id, signal)
      this.#waiting--
    }
    if (!signal.aborted) this.#queues.delete(key)
  }

  async #sweepNowAndThen(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps
    while (!signal.aborted) {
      await this.#sweep(signal).catch(() => log.warn('hl7 inbox not swept'))
      await clock.sleep(sweepMs, signal).catch(() => {})
    }
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { records, bodies, controlIds, store, clock } = this.#deps
    const now = clock.now()
    for await (const [id, record] of records.entries()) {
      if (signal.aborted || record.receivedAt > now - keepMs) return
      // The newest tells at the next start where the ids were.
      if (record.state === 'waiting' || parseInt(id, 16) === this.#lastId) continue
      if (record.state === 'failed' && record.receivedAt > now - keepFailedMs) continue
      const { application, facility } = record.sender
      const key = JSON.stringify([application, facility, record.controlId])
      await store.batch([records.deleteOp(id), bodies.deleteOp(id), controlIds.deleteOp(key)])
    }
  }
}

/** All but the header, of which a sender that offers it again may write the time anew, and the type. */
function digestOf({ segments, type }: Hl7Message): string {
  const hash = createHash('sha256').update(type)
  for (const { raw } of segments.slice(1)) hash.update('\r').update(raw)
  return hash.digest('hex')
}
