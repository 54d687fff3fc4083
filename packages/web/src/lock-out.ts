import type { Clock } from '@twiin/runtime'

/** Names whose failures are remembered; anybody can make some up. */
const mostNames = 10_000
const longestLockMs = 3_600_000

/** Five failures lock a name for a minute, every further one twice as long, up to an hour. In memory. */
export class LockOut {
  readonly #clock: Clock
  readonly #failures = new Map<string, { count: number; until: number }>()

  constructor(_options: object, deps: { clock: Clock }) {
    this.#clock = deps.clock
  }

  isLocked(name: string): boolean {
    return (this.#failures.get(name)?.until ?? 0) > this.#clock.now()
  }

  /** To be called before a guess is judged: many guesses at once are still many guesses. */
  count(name: string): void {
    const now = this.#clock.now()
    const before = this.#failures.get(name)
    const count = before === undefined || now - before.until > longestLockMs ? 1 : before.count + 1
    this.#failures.delete(name)
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < mostNames) break
      this.#failures.delete(oldest)
    }
    const lockedMs = count < 5 ? 0 : Math.min(60_000 * 2 ** (count - 5), longestLockMs)
    this.#failures.set(name, { count, until: now + lockedMs })
  }

  /** The guess was right. */
  forgive(name: string): void {
    this.#failures.delete(name)
  }
}
