import type { Clock } from '@twiin/runtime'

/** Keys whose failures are remembered; anybody can make some up. */
const mostKeys = 10_000
const longestLockMs = 3_600_000

/** So many failures lock a key for a minute, every further one twice as long, up to an hour. In memory. */
export class LockOut {
  readonly #failuresToLock: number
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; until: number }>()

  constructor(options: { failuresToLock: number }, deps: { clock: Clock }) {
    this.#failuresToLock = options.failuresToLock
    this.#clock = deps.clock
  }

  isLocked(key: string): boolean {
    return (this.#failures.get(key)?.until ?? 0) > this.#clock.now()
  }

  /** To be called before a guess is judged: many guesses at once are still many guesses. */
  count(key: string): void {
    const now = this.#clock.now()
    const before = this.#failures.get(key)
    const count = before === undefined || now - before.until > longestLockMs ? 1 : before.count + 1
    this.#failures.delete(key)
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < mostKeys) break
      this.#failures.delete(oldest)
    }
    const over = count - this.#failuresToLock
    const lockedMs = over < 0 ? 0 : Math.min(60_000 * 2 ** over, longestLockMs)
    this.#failures.set(key, { count, until: now + lockedMs })
  }

  /** The guess was right. */
  forgive(key: string): void {
    this.#failures.delete(key)
  }
}
