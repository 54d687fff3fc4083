import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { clientNetwork } from '@twiin/web'

/** What one registry holds open at a time: four times the members a national network may have. */
const mostWaiting = 1_000
/** Of one address (IPv6: one /64), behind which a region's hospitals may stand. */
const mostOfOne = 400

interface Waiter {
  readonly isReady: () => boolean
  readonly release: (ready: boolean) => void
}

/** Requests that are held open until there is something new to say (ADR 0014). One that waits costs a closure and a timer. */
export class Waiting {
  readonly #clock: Clock
  readonly #waiters = new Set<Waiter>()
  readonly #ofAddress = new Map<string, number>()

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock
  }

  get size(): number {
    return this.#waiters.size
  }

  /**
   * True as soon as `isReady` holds, which is looked at now and at every `changed`; false when `ms` passed or the signal
   * fired. Throws TOO_MANY_WAITING.
   */
  async until(
    isReady: () => boolean,
    limits: { ms: number; signal: AbortSignal; address: string },
  ): Promise<boolean> {
    if (isReady()) return true
    if (limits.ms <= 0 || limits.signal.aborted) return false
    const network = clientNetwork(limits.address)
    const same = this.#ofAddress.get(network) ?? 0
    if (this.#waiters.size >= mostWaiting || same >= mostOfOne)
      throw new TwiinError('TOO_MANY_WAITING', { retryAfterSeconds: 5 })
    this.#ofAddress.set(network, same + 1)
    const over = new AbortController()
    const ended = AbortSignal.any([limits.signal, over.signal])
    try {
      return await new Promise<boolean>((resolve) => {
        const waiter: Waiter = {
          isReady,
          release: (ready) => {
            this.#waiters.delete(waiter)
            resolve(ready)
          },
        }
        this.#waiters.add(waiter)
        const timeIsUp = () => waiter.release(false)
        this.#clock.sleep(limits.ms, ended).then(timeIsUp, timeIsUp)
      })
    } finally {
      over.abort()
      const left = (this.#ofAddress.get(network) ?? 1) - 1
      if (left > 0) this.#ofAddress.set(network, left)
      else this.#ofAddress.delete(network)
    }
  }

  changed(): void {
    for (const waiter of this.#waiters) if (waiter.isReady()) waiter.release(true)
  }

  /** Lets everybody go. */
  close(): void {
    for (const waiter of this.#waiters) waiter.release(false)
  }
}
