import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store, StoreOp } from '@twiin/store'
import type { LiveEvents } from '../http/events.ts'
import { isOver } from './transfer-record.ts'
import type { TransferRecord } from './transfer-record.ts'

type Changes<T> = T extends unknown ? Partial<Omit<T, 'id' | 'kind'>> : never
/** Changes to a record: never its kind or id. */
export type Change = Changes<TransferRecord>

/** How far a running one is, and when the screens were told last. */
type Live = Pick<TransferRecord, 'bytes' | 'instances'> & { toldAt: number }
const tellEveryMs = 250

/** All transfers, on disk; those that still have work to do also in memory, so that nobody scans for them. */
export class TransferBook {
  readonly #store: Store
  readonly #records: Repository<TransferRecord>
  readonly #byTime: Repository<true>
  readonly #events: LiveEvents
  readonly #clock: Clock
  readonly #random: (bytes: number) => Uint8Array
  readonly #active = new Map<string, TransferRecord>()
  readonly #dead = new Map<string, TransferRecord>()
  readonly #progress = new Map<string, Live>()
  readonly #workers = new Set<() => void>()

  constructor(deps: {
    store: Store
    records: Repository<TransferRecord>
    /** `<createdAt>.<id>` → true: an id may be another hospital's, or of an association, and says nothing about time. */
    byTime: Repository<true>
    events: LiveEvents
    clock: Clock
    random: (bytes: number) => Uint8Array
  }) {
    this.#store = deps.store
    this.#records = deps.records
    this.#byTime = deps.byTime
    this.#events = deps.events
    this.#clock = deps.clock
    this.#random = deps.random
  }

  /**
   * Reads what an earlier process left. What was running is queued again; so is what this hospital held: its exception
   * may have been resolved right before the end.
   */
  async load(): Promise<void> {
    const unplaced: StoreOp[] = []
    for await (const [id, record] of this.#records.entries()) {
      // Of before the order was kept.
      if (!(await this.#byTime.has(placeOf(record)))) unplaced.push(this.#byTime.putOp(placeOf(record), true))
      if (unplaced.length >= placedAtOnce) await this.#store.batch(unplaced.splice(0))
      if (record.state === 'failed') this.#dead.set(id, record)
      if (isOver(record) && !hasReceiptDue(record)) continue
      this.#active.set(id, record)
      if (record.state === 'running' || isHeldHere(record))
        await this.change(id, { state: 'queued', nextTryAt: this.#clock.now() })
    }
    if (unplaced.length > 0) await this.#store.batch(unplaced)
  }

  /** For what begins here. */
  newId(): string {
    return this.#clock.now().toString(16).padStart(12, '0') + Buffer.from(this.#random(10)).toString('hex')
  }

  /** Durable when it resolves. False when a record with this id stands already; that one is left as it is. */
  async add(record: TransferRecord): Promise<boolean> {
    const added = await this.#store.update(`transfer ${record.id}`, async (update) => {
      if ((await update.get(this.#records, record.id)) !== undefined) return false
      update.put(this.#records, record.id, record)
      update.put(this.#byTime, placeOf(record), true)
      return true
    })
    if (added) this.#took(record)
    return added
  }

  async get(id: string): Promise<TransferRecord | undefined> {
    const record =
      this.#active.get(id) ?? (/^[0-9a-f]{32}$/.test(id) ? await this.#records.get(id) : undefined)
    return record && this.#withProgress(record)
  }

  /** Durable when it resolves. Throws `NOT_FOUND`. */
  async change(id: string, change: Change | ((record: TransferRecord) => Change)): Promise<TransferRecord> {
    const next = await this.#store.update(`transfer ${id}`, async (update) => {
      const before = await update.get(this.#records, id)
      if (before === undefined) throw new TwiinError('NOT_FOUND')
      const wanted = typeof change === 'function' ? change(before) : change
      const changed = { ...before, ...wanted, updatedAt: this.#clock.now() } as TransferRecord
      // A reason belongs to the state it was given with.
      if (wanted.state !== undefined && wanted.reason === undefined)
        delete (changed as { reason?: string }).reason
      update.put(this.#records, id, changed)
      return changed
    })
    this.#took(next)
    return next
  }

  /** Progress between two durable states: in memory only, for who watches, who is told a few times a second. */
  progress(id: string, progress: Pick<TransferRecord, 'bytes' | 'instances'>): void {
    if (this.#active.get(id)?.state !== 'running') return
    const now = this.#clock.now()
    const toldAt = this.#progress.get(id)?.toldAt ?? -Infinity
    const isTimeToTell = Math.abs(now - toldAt) >= tellEveryMs
    const { bytes, instances } = progress
    this.#progress.set(id, { bytes, instances, toldAt: isTimeToTell ? now : toldAt })
    if (isTimeToTell) this.#events.emit({ kind: 'transfer', id, state: 'running' })
  }

  active(): TransferRecord[] {
    return [...this.#active.values()]
  }

  /** As it is now, of those that still have work to do. */
  working(id: string): TransferRecord | undefined {
    return this.#active.get(id)
  }

  /** Those that failed, and that nobody retried (spec 17 §1); the oldest first. */
  deadLetters(): TransferRecord[] {
    return [...this.#dead.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  /** With how far those that run have come. */
  withProgress(records: readonly TransferRecord[]): TransferRecord[] {
    return records.map((record) => this.#withProgress(record))
  }

  /** Newest first, by `createdAt`; behind the one with the id `after`, of which none is behind when it is unknown. */
  async list({ after, limit }: { after?: string; limit: number }): Promise<TransferRecord[]> {
    const last = after === undefined ? undefined : await this.get(after)
    if (after !== undefined && last === undefined) return []
    const behind = last === undefined ? {} : { after: placeOf(last) }
    const found: TransferRecord[] = []
    for await (const [place] of this.#byTime.entries({ ...behind, limit, reverse: true })) {
      const record = await this.get(place.slice(place.indexOf('.') + 1))
      if (record !== undefined) found.push(record)
    }
    return found
  }

  #withProgress(record: TransferRecord): TransferRecord {
    const live = this.#progress.get(record.id)
    return live === undefined ? record : { ...record, bytes: live.bytes, instances: live.instances }
  }

  /** Told when there may be something to do. Returns the way to stop listening. */
  onWork(listener: () => void): () => void {
    this.#workers.add(listener)
    return () => void this.#workers.delete(listener)
  }

  #took(record: TransferRecord): void {
    const before = this.#active.get(record.id)
    if (isOver(record) && !hasReceiptDue(record)) this.#active.delete(record.id)
    else this.#active.set(record.id, record)
    if (record.state === 'failed') this.#dead.set(record.id, record)
    else this.#dead.delete(record.id)
    if (record.state !== 'running') this.#progress.delete(record.id)
    this.#events.emit({ kind: 'transfer', id: record.id, state: record.state })
    // spec 17 §5: people are told of it when it is whole, not at its first image.
    const isNew = before !== undefined && before.state !== 'delivered'
    if (record.kind === 'arrival' && record.state === 'delivered' && isNew)
      this.#events.emit({ kind: 'arrival', id: record.id, state: 'complete' })
    for (const look of this.#workers) look()
  }
}

/** Sorts by time of creation, then by id. */
const placeOf = ({ createdAt, id }: TransferRecord) => `${createdAt.toString(16).padStart(12, '0')}.${id}`
export const isBefore = (one: TransferRecord, other: TransferRecord) => placeOf(one) < placeOf(other)
const placedAtOnce = 500

const isHeldHere = ({ state, kind }: TransferRecord) => state === 'held' && kind !== 'send'
const hasReceiptDue = (record: TransferRecord) => record.kind === 'arrival' && record.receiptDue !== undefined
