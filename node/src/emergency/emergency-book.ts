import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'
import type { LiveEvents } from '../http/events.ts'
import { stateOf } from './emergency-use.ts'
import type { EmergencyUse } from './emergency-use.ts'

interface Deps {
  store: Store
  uses: Repository<EmergencyUse>
  events: LiveEvents
  clock: Clock
  random: (bytes: number) => Uint8Array
}

/**
 * Every use of emergency access, on disk; those that nobody reviewed yet also in memory, and which are whose (spec 21
 * §4).
 */
export class EmergencyBook {
  readonly #deps: Deps
  readonly #pending = new Map<string, EmergencyUse>()
  /** Of `#pending`, those of others here, by peer. */
  readonly #received = new Map<string, Map<string, EmergencyUse>>()
  /** Ids of this hospital's own, by user, oldest first: nobody reads all of them for the few of one. */
  readonly #own = new Map<string, Set<string>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Reads what an earlier process left. Resolves with this hospital's own whose end is not written, reviewed or not. */
  async load(): Promise<EmergencyUse[]> {
    const notEnded: EmergencyUse[] = []
    for await (const [, use] of this.#deps.uses.entries()) {
      this.#keep(use)
      if (use.direction === 'own' && use.endedAt === undefined) notEnded.push(use)
    }
    return notEnded
  }

  newId(): string {
    const { clock, random } = this.#deps
    return clock.now().toString(16).padStart(12, '0') + Buffer.from(random(10)).toString('hex')
  }

  /** Durable when it resolves. */
  async add(use: EmergencyUse): Promise<void> {
    await this.#deps.uses.put(use.id, use)
    this.#took(use)
  }

  /** Durable when it resolves. Throws `NOT_FOUND`, and what `change` throws. */
  async change(id: string, change: (use: EmergencyUse) => Partial<EmergencyUse>): Promise<EmergencyUse> {
    const changed = await this.#deps.store.update(`emergency ${id}`, async (update) => {
      const before = await update.get(this.#deps.uses, id)
      if (before === undefined) throw new TwiinError('NOT_FOUND')
      const next = { ...before, ...change(before) }
      update.put(this.#deps.uses, id, next)
      return next
    })
    this.#took(changed)
    return changed
  }

  async get(id: string): Promise<EmergencyUse | undefined> {
    return this.#pending.get(id) ?? (/^[0-9a-f]{32}$/.test(id) ? this.#deps.uses.get(id) : undefined)
  }

  /** Newest first; of one person, when it is said of whom. */
  async list(options: { after?: string; limit: number; userId?: string }): Promise<EmergencyUse[]> {
    const { after, limit, userId } = options
    if (userId !== undefined) {
      const ids = [...(this.#own.get(userId) ?? [])].filter((id) => after === undefined || id < after)
      const uses = await Promise.all(
        ids
          .sort()
          .reverse()
          .slice(0, limit)
          .map((id) => this.get(id)),
      )
      return uses.filter((use) => use !== undefined)
    }
    const found: EmergencyUse[] = []
    const range = { reverse: true, ...(after === undefined ? {} : { after }) }
    for await (const [, use] of this.#deps.uses.entries(range)) {
      found.push(use)
      if (found.length === limit) break
    }
    return found
  }

  /** Those that nobody reviewed yet, in no particular order. */
  pending(): EmergencyUse[] {
    return [...this.#pending.values()]
  }

  /** Of these, those of one member at this hospital, in no particular order. */
  pendingOf(peerId: string): EmergencyUse[] {
    return [...(this.#received.get(peerId)?.values() ?? [])]
  }

  /** Uses that are over and wait for their review. */
  get unreviewed(): number {
    const now = this.#deps.clock.now()
    return this.pending().filter((use) => stateOf(use, now) !== 'open').length
  }

  #took(use: EmergencyUse): void {
    this.#keep(use)
    const state = use.review === undefined ? stateOf(use, this.#deps.clock.now()) : 'reviewed'
    this.#deps.events.emit({ kind: 'emergency', id: use.id, state })
  }

  #keep(use: EmergencyUse): void {
    const { id, direction, user, peerId, review } = use
    if (direction === 'own') this.#own.set(user.id, (this.#own.get(user.id) ?? new Set()).add(id))
    if (review === undefined) this.#pending.set(id, use)
    else this.#pending.delete(id)
    if (peerId === undefined) return
    const received = this.#received.get(peerId) ?? new Map<string, EmergencyUse>()
    this.#received.set(peerId, received)
    if (review === undefined) received.set(id, use)
    else received.delete(id)
    if (received.size === 0) this.#received.delete(peerId)
  }
}
