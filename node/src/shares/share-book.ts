import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { LiveEvents } from '../http/events.ts'
import { overReason } from './share-record.ts'
import type { FactorKind, ShareRecord, ShareState } from './share-record.ts'
import type { Tries } from './tries.ts'

interface Deps {
  store: Store
  records: Repository<ShareRecord>
  /** `<createdAt>.<id>` → true: an id says nothing about time. */
  byTime: Repository<true>
  tries: Pick<Tries, 'begin' | 'forget'>
  events: LiveEvents
  clock: Pick<Clock, 'now'>
}

export const pageOfShares = 100
const hourMs = 3_600_000

/** All shares, on disk; when those that go on come to their end, also in memory, so that nobody scans for them. */
export class ShareBook {
  readonly #deps: Deps
  readonly #ends = new Map<string, number>()
  readonly #states = new Map<string, ShareState>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Reads what an earlier process left. */
  async load(): Promise<ShareRecord[]> {
    const going: ShareRecord[] = []
    for await (const [, record] of this.#deps.records.entries()) {
      this.#took(record)
      if (this.#ends.has(record.id)) going.push(record)
    }
    return going
  }

  /** Durable when it resolves, with the hash of its code. */
  async add(record: ShareRecord, factor: FactorKind, code: string): Promise<void> {
    const { store, records, byTime, tries } = this.#deps
    await store.update(turnOf(record.id), async (update) => {
      update.put(records, record.id, record)
      update.put(byTime, placeOf(record), true)
      tries.begin(update, factor, record.id, code)
    })
    this.#took(record)
    this.tell(record)
  }

  async get(id: string): Promise<ShareRecord | undefined> {
    return /^[0-9a-f]{32}$/.test(id) ? this.#deps.records.get(id) : undefined
  }

  /** Throws `NOT_FOUND`. */
  async find(id: string): Promise<ShareRecord> {
    const record = await this.get(id)
    if (record === undefined) throw new TwiinError('NOT_FOUND')
    return record
  }

  /** Durable when it resolves; the record as it is then. Nothing is written where `change` gives back what it got. Throws `NOT_FOUND`. */
  async change(id: string, change: (record: ShareRecord) => ShareRecord): Promise<ShareRecord> {
    const { store, records } = this.#deps
    const { before, next } = await store.update(turnOf(id), async (update) => {
      const found = await update.get(records, id)
      if (found === undefined) throw new TwiinError('NOT_FOUND')
      const changed = change(found)
      if (changed !== found) update.put(records, id, changed)
      return { before: found, next: changed }
    })
    this.#took(next)
    if (before !== next) this.tell(next)
    return next
  }

  /** Newest first, a hundred at most; behind the one with the id `before`, of which none is behind when it is unknown. */
  async list(before?: string): Promise<ShareRecord[]> {
    const { byTime } = this.#deps
    const last = before === undefined ? undefined : await this.get(before)
    if (before !== undefined && last === undefined) return []
    const behind = last === undefined ? {} : { after: placeOf(last) }
    const found: ShareRecord[] = []
    for await (const [place] of byTime.entries({ ...behind, limit: pageOfShares, reverse: true })) {
      const record = await this.get(place.slice(place.indexOf('.') + 1))
      if (record !== undefined) found.push(record)
    }
    return found
  }

  /** Those whose time has come. */
  due(now: number): string[] {
    return [...this.#ends].flatMap(([id, at]) => (at <= now ? [id] : []))
  }

  /** Those that ended longer ago than this are forgotten, with their tries. */
  async forgetOver(keepMs: number): Promise<void> {
    const { store, records, byTime, tries, clock } = this.#deps
    const until = clock.now() - keepMs
    for await (const [place] of byTime.entries()) {
      // In the order of creation: what was made since cannot be over for so long.
      if (Number.parseInt(place, 16) > until) return
      const record = await this.get(place.slice(place.indexOf('.') + 1))
      if (record === undefined || (record.endedAt ?? Infinity) > until) continue
      await store.update(turnOf(record.id), async (update) => {
        update.delete(records, record.id)
        update.delete(byTime, place)
        tries.forget(update, record.id)
      })
      this.#states.delete(record.id)
    }
  }

  /** How many there are in each state; `locked` is none on disk. */
  counts(): Map<ShareState, number> {
    const counts = new Map<ShareState, number>()
    for (const state of this.#states.values()) counts.set(state, (counts.get(state) ?? 0) + 1)
    return counts
  }

  /** Screens look again. */
  tell({ id, state }: Pick<ShareRecord, 'id' | 'state'>): void {
    this.#deps.events.emit({ kind: 'share', id, state })
  }

  #took(record: ShareRecord): void {
    this.#states.set(record.id, record.state)
    // Of one that is written down as over there is nothing left to end.
    if (overReason(record, 0) === undefined) this.#ends.set(record.id, record.expiresAt)
    else this.#ends.delete(record.id)
  }
}

const turnOf = (id: string) => `share ${id}`
const placeOf = ({ createdAt, id }: ShareRecord) => `${createdAt.toString(16).padStart(12, '0')}.${id}`
/** How often what is over is looked at. */
export const forgetEveryMs = hourMs
