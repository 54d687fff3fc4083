import { TwiinError } from '@twiin/runtime'
import { reasonOf } from './abort.ts'

/** A share of the budget. Releasing twice is harmless. */
export interface Lease extends Disposable {
  readonly bytes: number
  release(): void
}

interface Waiter {
  bytes: number
  grant: () => void
}

/** One budget for all transfers of a process, in bytes. Whoever comes first is served first, so that a large wish cannot starve. */
export class MemoryBudget {
  readonly bytes: number
  #used = 0
  #waiters: Waiter[] = []

  constructor(options: { bytes: number }) {
    this.bytes = options.bytes
  }

  /** Bytes that are leased now. */
  get used(): number {
    return this.#used
  }

  /** @throws TwiinError BUDGET_EXCEEDED when `bytes` is more than the whole budget; the signal's reason when aborted first. */
  async acquire(bytes: number, signal?: AbortSignal): Promise<Lease> {
    if (bytes > this.bytes) throw new TwiinError('BUDGET_EXCEEDED', { bytes, budget: this.bytes })
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(reasonOf(signal))
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(this.#lease(bytes))
        },
      }
      const onAbort = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        if (signal !== undefined) reject(reasonOf(signal))
        // whoever stood behind may fit now
        this.#serve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
      this.#serve()
    })
  }

  #serve(): void {
    for (let next = this.#waiters[0]; next !== undefined; next = this.#waiters[0]) {
      if (this.#used + next.bytes > this.bytes) return
      this.#waiters.shift()
      this.#used += next.bytes
      next.grant()
    }
  }

  #lease(bytes: number): Lease {
    let released = false
    const release = () => {
      if (released) return
      released = true
      this.#used -= bytes
      this.#serve()
    }
    return { bytes, release, [Symbol.dispose]: release }
  }
}
