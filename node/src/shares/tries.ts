import { timingSafeEqual } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store, Update } from '@twiin/store'
import { CodeQueue } from './code-queue.ts'
import { newSmsCode, normalCode } from './codes.ts'
import type { Network, Proof } from './patient-door.ts'
import { factorOf, linkHashOf, shareIdOf } from './share-link.ts'
import type { FactorKind } from './share-record.ts'
import {
  afterAsked,
  afterRight,
  afterSpent,
  afterTry,
  closedBy,
  freshCounts,
  mayAsk,
  outcomeOf,
} from './try-counts.ts'
import { forAsLongAsTheShare } from './try-counts.ts'
import type { Closed, TryCounts } from './try-counts.ts'

/** How codes are kept: costly to guess from the disk. */
export interface CodeHashing {
  hash(code: string): Promise<string>
  matches(code: string, stored: string): Promise<boolean>
  /** Of a code that nobody has. */
  decoy: string
}

interface Deps {
  store: Store
  /** id → counts of a share */
  counts: Repository<TryCounts>
  /** One of 256 places → what was tried at some link that nobody made; only written, so that it costs the same. */
  decoys: Repository<TryCounts>
  hashing: CodeHashing
  bsnOf(id: string): Promise<string | undefined>
  clock: Pick<Clock, 'now'>
  random: (bytes: number) => Uint8Array
}

export type Judged =
  { outcome: 'right'; id: string } | { outcome: 'wrong'; left: number } | { outcome: Closed | 'busy' }

export interface JudgedShare {
  /** This try was the last one. */
  onLocked(id: string): void
  /** Whether a session begins for who is right. */
  mayBegin(id: string): Promise<boolean>
}

const mostUnknown = 100_000
const lineEveryMs = 10 * 60_000

/**
 * Tries at links (spec 25 §4): each is counted, durably, before the code is compared, one at a time for each link. A link
 * that nobody made goes the same way, from counts in memory: the same words after the same work.
 */
export class Tries {
  readonly #deps: Deps
  readonly #queue = new CodeQueue()
  readonly #unknown = new Map<string, TryCounts>()
  readonly #untold = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Finds out of which shares wrong tries are still to be told. */
  async load(): Promise<void> {
    for await (const [id, { refused }] of this.#deps.counts.entries()) if (refused > 0) this.#untold.add(id)
  }

  /** Who is right about one that `mayBegin` has used up a code of SMS. */
  async judge(link: string, proof: Proof, from: Network, share: JudgedShare): Promise<Judged> {
    const { kind, id } = read(link)
    // What is closed costs nothing and keeps nobody waiting.
    const closed = closedBy(kind, await this.#now(kind, id))
    if (closed !== undefined) return { outcome: closed }
    const judged = await this.#queue.run(id, from, () => this.#judge(kind, id, proof, share))
    return judged === 'busy' ? { outcome: 'busy' } : judged
  }

  /** The code to send, durable, with the id of its share; undefined when none is due. Throws `BUSY`. */
  async ask(link: string, from: Network): Promise<{ id: string; code: string } | undefined> {
    const { kind, id } = read(link)
    const { hashing, clock, random } = this.#deps
    if (!mayAsk(kind, await this.#now(kind, id), clock.now())) return undefined
    const asked = await this.#queue.run(id, from, async () => {
      if (!mayAsk(kind, await this.#now(kind, id), clock.now())) return undefined
      const code = newSmsCode(random)
      const hash = await hashing.hash(code)
      const { isKnown } = await this.#change(kind, id, (counts, isKnown) =>
        afterAsked(counts, isKnown ? hash : hashing.decoy, clock.now()),
      )
      return isKnown ? { id, code } : undefined
    })
    if (asked === 'busy') throw new TwiinError('BUSY')
    return asked
  }

  /** With the record of a share, in the same write. */
  begin(update: Update, kind: FactorKind, id: string, code: string): void {
    update.put(this.#deps.counts, id, freshCounts(code, untilOf(kind)))
  }

  forget(update: Update, id: string): void {
    this.#untold.delete(id)
    update.delete(this.#deps.counts, id)
  }

  /** A new code of a letter, or (undefined) none: unlocked. Durable when it resolves. Throws `NOT_FOUND`. */
  async renew(kind: FactorKind, id: string, code?: string): Promise<void> {
    const stored = code === undefined ? this.#deps.hashing.decoy : await this.#deps.hashing.hash(code)
    const { isKnown } = await this.#change(kind, id, ({ refused, refusedSince, ...counts }, isKnown) => ({
      ...(isKnown ? freshCounts(stored, untilOf(kind)) : counts),
      ...{ refused, refusedSince },
    }))
    if (!isKnown) throw new TwiinError('NOT_FOUND')
  }

  /** Whether staff hold the code of this letter. No try: who asks is logged in. Throws `BUSY`. */
  async isCode(kind: FactorKind, id: string, code: string): Promise<boolean> {
    const counts = await this.#deps.counts.get(id)
    if (counts === undefined) return false
    const judged = await this.#queue.run(id, undefined, () =>
      this.#deps.hashing.matches(normalCode(kind, code), counts.code),
    )
    if (judged === 'busy') throw new TwiinError('BUSY')
    return judged
  }

  get(id: string): Promise<TryCounts | undefined> {
    return this.#deps.counts.get(id)
  }

  /** Wrong tries since ten minutes or more that no line tells of. */
  async untold(): Promise<{ id: string; count: number }[]> {
    const { counts, clock } = this.#deps
    const found: { id: string; count: number }[] = []
    for (const id of this.#untold) {
      const { refused = 0, refusedSince = 0 } = (await counts.get(id)) ?? {}
      if (refused === 0) this.#untold.delete(id)
      else if (refusedSince + lineEveryMs <= clock.now()) found.push({ id, count: refused })
    }
    return found
  }

  /** That a line tells of so many; what came since is counted anew from here. */
  async told(id: string, count: number): Promise<void> {
    const { store, counts, clock } = this.#deps
    await store.update(turnOf(id), async (update) => {
      const before = await update.get(counts, id)
      if (before === undefined) return
      const refused = Math.max(0, before.refused - count)
      update.put(counts, id, { ...before, refused, refusedSince: refused === 0 ? 0 : clock.now() })
    })
  }

  async #judge(kind: FactorKind, id: string, proof: Proof, share: JudgedShare): Promise<Judged> {
    const { hashing, clock } = this.#deps
    const before = closedBy(kind, await this.#now(kind, id))
    if (before !== undefined) return { outcome: before }
    const { counts, isKnown } = await this.#change(kind, id, (each) => afterTry(each, clock.now()))
    const stored = counts.codeUntil > clock.now() ? counts.code : hashing.decoy
    const matches =
      'bsn' in proof
        ? await this.#isPatient(kind, id, proof.bsn)
        : await hashing.matches(normalCode(kind, proof.code), stored)
    // A decoy that was guessed opens nothing: there is nothing behind it.
    if (matches && isKnown) {
      const isSpent = kind === 'sms' && (await share.mayBegin(id))
      await this.#change(kind, id, isSpent ? afterSpent : afterRight)
      return { outcome: 'right', id }
    }
    if (isKnown) this.#untold.add(id)
    const judged = outcomeOf(kind, counts)
    if (judged.outcome === 'locked' && isKnown) share.onLocked(id)
    return judged
  }

  async #isPatient(kind: FactorKind, id: string, bsn: string): Promise<boolean> {
    const expected = Buffer.from(((await this.#deps.bsnOf(id)) ?? '').padEnd(9, ' '))
    const actual = Buffer.from(bsn.padEnd(9, ' '))
    return kind === 'oidc' && expected.length === actual.length && timingSafeEqual(expected, actual)
  }

  async #now(kind: FactorKind, id: string): Promise<TryCounts> {
    const { counts, decoys } = this.#deps
    return (await counts.get(id)) ?? (await decoys.get(placeOf(id)), await this.#ofUnknown(kind, id))
  }

  /** One durable write, of a share or of a decoy. */
  async #change(
    kind: FactorKind,
    id: string,
    next: (counts: TryCounts, isKnown: boolean) => TryCounts,
  ): Promise<{ counts: TryCounts; isKnown: boolean }> {
    const { store, counts, decoys } = this.#deps
    const ofUnknown = await this.#ofUnknown(kind, id)
    const changed = await store.update(turnOf(id), async (update) => {
      const known = await update.get(counts, id)
      const isKnown = known !== undefined
      const value = next(known ?? ofUnknown, isKnown)
      if (isKnown) update.put(counts, id, value)
      else update.put(decoys, placeOf(id), value)
      return { counts: value, isKnown }
    })
    if (!changed.isKnown) this.#remember(id, changed.counts)
    return changed
  }

  async #ofUnknown(kind: FactorKind, id: string): Promise<TryCounts> {
    const { decoy } = this.#deps.hashing
    return this.#unknown.get(id) ?? freshCounts(decoy, untilOf(kind))
  }

  #remember(id: string, counts: TryCounts): void {
    this.#unknown.delete(id)
    this.#unknown.set(id, counts)
    for (const oldest of this.#unknown.keys()) {
      if (this.#unknown.size <= mostUnknown) break
      this.#unknown.delete(oldest)
    }
  }
}

/** What has no form that a link has is nobody's, and goes the same way. */
const read = (link: string) =>
  ({ kind: factorOf(link) ?? 'letter', id: shareIdOf(linkHashOf(link)) }) as const
/** Of an SMS there is no code until it is asked for. */
const untilOf = (kind: FactorKind) => (kind === 'sms' ? 0 : forAsLongAsTheShare)
const turnOf = (id: string) => `share-tries ${id}`
const placeOf = (id: string) => id.slice(0, 2)
