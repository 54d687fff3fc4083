import { createHash } from 'node:crypto'
import type { Repository, Store } from '@twiin/store'

/** RFC 6238 §5.2: a code counts once. The last step of every secret is on disk before anybody is let in by it. */
export class UsedCodes {
  readonly #store: Store
  readonly #lastSteps: Repository<number>

  constructor(_options: object, deps: { store: Store }) {
    this.#store = deps.store
    this.#lastSteps = deps.store.repository<number>('used-codes', { keys: 'keyed' })
  }

  /** False when this code, or a later one, was used before; of several at the same time one gets true. */
  claim(id: string, secret: string, step: number): Promise<boolean> {
    // By secret: a new one starts afresh, whatever the clock said in the time of the old one.
    const key = `${id} ${createHash('sha256').update(secret).digest('hex')}`
    return this.#store.update(`used-codes:${key}`, async (update) => {
      const last = await update.get(this.#lastSteps, key)
      if (last !== undefined && step <= last) return false
      update.put(this.#lastSteps, key, step)
      return true
    })
  }
}
