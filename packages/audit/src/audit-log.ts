import { randomBytes } from 'node:crypto'
import { isTwiinError } from '@twiin/runtime'
import type { Clock, Service } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { NewAuditEntry } from './audit-entry.ts'
import { flawOf, genesis, linkTo } from './hash-chain.ts'
import type { AuditHead, StoredEntry } from './hash-chain.ts'

export interface AuditFilter {
  /** Milliseconds since the Unix epoch, inclusive. */
  readonly from?: number
  readonly to?: number
  /** Only entries behind this seq: to read on. */
  readonly after?: number
  readonly limit?: number
}

export type Verification =
  | { readonly ok: true; readonly head: AuditHead }
  | {
      readonly ok: false
      /** The seq of the first entry that is gone or not what was written. */
      readonly firstBad: number
      readonly why:
        | 'MISSING'
        | 'ALTERED'
        | 'CHAIN_BROKEN'
        | 'UNREADABLE'
        | 'NOT_IN_DAY_INDEX'
        /** Not the entry whose hash others signed. */
        | 'NOT_AS_COSIGNED'
        /** Others signed a head that lies behind its end. */
        | 'ROLLED_BACK'
    }

/**
 * The append-only log, sealed at rest by the store. One chain: every entry names the hash of the one before it.
 * Who can write to the disk and has the key can still cut off the end, unless an earlier head is known elsewhere.
 */
export class AuditLog implements Service {
  readonly name = 'audit-log'
  readonly #store: Store
  readonly #links: Repository<StoredEntry>
  readonly #heads: Repository<AuditHead>
  readonly #days: Repository<number>
  readonly #clock: Clock
  readonly #random: (length: number) => Uint8Array

  constructor(
    _options: object,
    deps: { store: Store; clock: Clock; random?: (length: number) => Uint8Array },
  ) {
    this.#store = deps.store
    this.#clock = deps.clock
    this.#random = deps.random ?? randomBytes
    // seq → link
    this.#links = deps.store.repository('audit', { keys: 'plain-opaque' })
    // 'head' → the newest link's name
    this.#heads = deps.store.repository('audit-head', { keys: 'plain-opaque' })
    // UTC day → seq of its first entry: where to begin reading
    this.#days = deps.store.repository('audit-day', { keys: 'plain-opaque' })
  }

  /** @throws TwiinError SEAL_BROKEN when neither the head nor the newest entry can be read. */
  async start(): Promise<void> {
    const head = await this.#heads.get('head')
    let last: StoredEntry | undefined
    try {
      for await (const [, link] of this.#links.entries({ reverse: true, limit: 1 })) last = link
    } catch (error) {
      if (head === undefined) throw error
    }
    // A head that was removed or set back must not make the next entry overwrite an old one.
    if (last !== undefined && last.seq > (head?.seq ?? 0)) await this.#heads.put('head', headOf(last))
  }

  /** Resolves when the entry is on disk. Entries get their place in the order of the calls. */
  async append(entry: NewAuditEntry): Promise<AuditHead> {
    for (;;) {
      try {
        return await this.#appendOnce(entry)
      } catch (error) {
        // An entry before this one could not be written, so this one's link leads nowhere: link it anew.
        if (!isTwiinError(error, 'WRITE_INTERRUPTED')) throw error
      }
    }
  }

  #appendOnce(entry: NewAuditEntry): Promise<AuditHead> {
    return this.#store.update('audit', async (update) => {
      const at = this.#clock.now()
      const previous = (await update.get(this.#heads, 'head')) ?? genesis
      const link = linkTo(previous, this.#random(16), { ...entry, at })
      update.put(this.#links, keyOf(link.seq), link)
      update.put(this.#heads, 'head', headOf(link))
      const day = dayOf(at)
      if ((await update.get(this.#days, day)) === undefined) update.put(this.#days, day, link.seq)
      return headOf(link)
    })
  }

  /** The newest entry's name; undefined while there is none. */
  head(): Promise<AuditHead | undefined> {
    return this.#heads.get('head')
  }

  /** In the order they were written. Times are those of the clock, which may have been set back meanwhile. */
  async *entries(filter: AuditFilter = {}): AsyncGenerator<StoredEntry> {
    const { from = -Infinity, to = Infinity, after = 0, limit = Infinity } = filter
    const start = filter.from === undefined ? 1 : await this.#firstSince(filter.from)
    if (start === undefined) return
    let count = 0
    for await (const [, link] of this.#links.entries({ after: keyOf(Math.max(after, start - 1)) })) {
      if (count >= limit) return
      if (link.entry.at < from || link.entry.at > to) continue
      count++
      yield link
    }
  }

  /**
   * Reads the whole log, or what follows `known`, and checks every link up to the head. `known` is a head obtained
   * earlier, best from elsewhere: it must still stand, so that a log cut short or rewritten is noticed. So must each of
   * `cosigned`, heads that other parties signed (spec 07 §8).
   */
  async verify(known: AuditHead = genesis, cosigned: readonly AuditHead[] = []): Promise<Verification> {
    const signed = Map.groupBy(cosigned, ({ seq }) => seq)
    // Read first: what is appended meanwhile lies behind it.
    const head = (await this.#heads.get('head')) ?? genesis
    const days = new Map<string, number>()
    for await (const [day, first] of this.#days.entries()) days.set(day, first)
    let previous = known.seq === 0 ? genesis : { seq: known.seq - 1, hash: '' }
    try {
      for await (const [, link] of this.#links.entries({ after: keyOf(previous.seq) })) {
        if (link.seq === known.seq && known.seq > 0)
          previous = { seq: known.seq - 1, hash: link.previousHash }
        const flaw = flawOf(link, previous)
        if (flaw !== undefined) return { ok: false, firstBad: previous.seq + 1, why: flaw }
        if (link.seq <= head.seq && !(Number(days.get(dayOf(link.entry.at))) <= link.seq)) {
          return { ok: false, firstBad: link.seq, why: 'NOT_IN_DAY_INDEX' }
        }
        if (link.seq === known.seq && link.hash !== known.hash) {
          return { ok: false, firstBad: link.seq, why: 'ALTERED' }
        }
        if (signed.get(link.seq)?.some(({ hash }) => hash !== link.hash) === true) {
          return { ok: false, firstBad: link.seq, why: 'NOT_AS_COSIGNED' }
        }
        previous = headOf(link)
      }
    } catch (error) {
      if (!isTwiinError(error, 'SEAL_BROKEN')) throw error
      return { ok: false, firstBad: previous.seq + 1, why: 'UNREADABLE' }
    }
    if (previous.seq < Math.max(head.seq, known.seq)) {
      return { ok: false, firstBad: previous.seq + 1, why: 'MISSING' }
    }
    if (cosigned.some(({ seq }) => seq > previous.seq)) {
      return { ok: false, firstBad: previous.seq + 1, why: 'ROLLED_BACK' }
    }
    return { ok: true, head: previous }
  }

  /** One link; undefined when the log does not reach it. @throws TwiinError SEAL_BROKEN */
  at(seq: number): Promise<StoredEntry | undefined> {
    return this.#links.get(keyOf(seq))
  }

  /** The lowest seq that can belong to `from` or a later day, also when the clock was set back in between. */
  async #firstSince(from: number): Promise<number | undefined> {
    let first: number | undefined
    const day = dayOf(from)
    for await (const [key, seq] of this.#days.entries()) {
      if (key >= day && (first === undefined || seq < first)) first = seq
    }
    return first
  }
}

const headOf = ({ seq, hash }: StoredEntry): AuditHead => ({ seq, hash })
/** Twelve digits, so that keys sort as numbers do. */
const keyOf = (seq: number): string => String(seq).padStart(12, '0')
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
