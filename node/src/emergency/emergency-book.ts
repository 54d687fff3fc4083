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

/** Every use of emergency access, on disk; those that nobody reviewed yet also in memory (spec 21 §4). */
export class EmergencyBook {
  readonly #deps: Deps
  readonly #pending = new Map<string, EmergencyUse>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Reads what an earlier process left. */
  async load(): Promise<void> {
    for await (const [id, use] of this.#deps.uses.entries())
      if (use.review === undefined) this.#pending.set(id, use)
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
    const found: EmergencyUse[] = []
    const range = { reverse: true, ...(after === undefined ? {} : { after }) }
    for await (const [, use] of this.#deps.uses.entries(range)) {
      if (userId !== undefined && (use.direction !== 'own' || use.user.id !== userId)) continue
      found.push(use)
      if (found.length === limit) break
    }
    return found
  }

  /** Those that nobody reviewed yet, in no particular order. */
  pending(): EmergencyUse[] {
    return [...this.#pending.values()]
  }

  /** Uses that are over and wait for their review. */
  get unreviewed(): number {
    const now = this.#deps.clock.now()
    return this.pending().filter((use) => stateOf(use, now) !== 'open').length
  }

  #took(use: EmergencyUse): void {
    if (use.review === undefined) this.#pending.set(use.id, use)
    else this.#pending.delete(use.id)
    const state = use.review === undefined ? stateOf(use, this.#deps.clock.now()) : 'reviewed'
    this.#deps.events.emit({ kind: 'emergency', id: use.id, state })
  }
}
