import type { QuotaCounter, QuotaCounters } from '@twiin/patient-token'
import type { Repository, Store } from '@twiin/store'

interface Count {
  day: string
  n: number
  /** Which counter it is: its key on disk does not tell. */
  key?: string
}

/** A clock that was set back by less does not give yesterday's quota again. */
const keptDays = 7

/**
 * Token quotas that survive a restart: the sum is on disk before anything is evaluated. One value for each key, not for each
 * day; those of a week ago are deleted, so that users who never come back leave nothing behind.
 */
export class DailyCounters implements QuotaCounters {
  readonly #store: Store
  readonly #counts: Repository<Count>
  #day = ''
  #forgetting: Promise<void> = Promise.resolve()

  constructor(_options: object, deps: { store: Store }) {
    this.#store = deps.store
    this.#counts = deps.store.repository<Count>('quota', { keys: 'keyed' })
  }

  add(counters: readonly QuotaCounter[], day: string, n: number): Promise<string | undefined> {
    if (day > this.#day) {
      this.#day = day
      // Nobody waits for it; what it did not get to is looked for again the next day.
      this.#forgetting = this.#forgetting.then(() => this.#forget(day)).catch(() => {})
    }
    const turns = counters.map(({ key }) => turnOf(key))
    return this.#store.update(turns, async (update) => {
      const sums: [string, number][] = []
      for (const { key, limit } of counters) {
        const last = await update.get(this.#counts, key)
        if (last !== undefined && last.day > day) return key
        const sum = (last?.day === day ? last.n : 0) + n
        if (sum > limit) return key
        sums.push([key, sum])
      }
      for (const [key, sum] of sums) update.put(this.#counts, key, { day, n: sum, key })
      return undefined
    })
  }

  /** Resolves when the counters of a week ago are gone. */
  get forgotten(): Promise<void> {
    return this.#forgetting
  }

  async #forget(today: string): Promise<void> {
    const before = new Date(Date.parse(today) - keptDays * 86_400_000).toISOString().slice(0, 10)
    for await (const [, { key, day }] of this.#counts.entries()) {
      if (key === undefined || day >= before) continue
      await this.#store.update(turnOf(key), async (update) => {
        const last = await update.get(this.#counts, key)
        if (last !== undefined && last.day < before) update.delete(this.#counts, key)
      })
    }
  }
}

const turnOf = (key: string) => `quota:${key}`
