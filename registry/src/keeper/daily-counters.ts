import type { QuotaCounters } from '@twiin/patient-token'
import type { Repository, Store } from '@twiin/store'

interface Count {
  day: string
  n: number
}

/** Token quotas that survive a restart: the sum is on disk before anything is evaluated. One value for each key, not for each day. */
export class DailyCounters implements QuotaCounters {
  readonly #store: Store
  readonly #counts: Repository<Count>

  constructor(_options: object, deps: { store: Store }) {
    this.#store = deps.store
    this.#counts = deps.store.repository<Count>('quota', { keys: 'keyed' })
  }

  add(key: string, day: string, n: number, limit: number): Promise<boolean> {
    return this.#store.update(`quota:${key}`, async (update) => {
      const last = await update.get(this.#counts, key)
      // A clock that was set back does not give yesterday's quota again.
      if (last !== undefined && last.day > day) return false
      const used = last?.day === day ? last.n : 0
      if (used + n > limit) return false
      update.put(this.#counts, key, { day, n: used + n })
      return true
    })
  }
}
