import type { Clock } from '@twiin/runtime'

/** More peers than a network has; the one heard longest ago is forgotten, which gives it its allowance back. */
const mostPeers = 2000

/** So many requests of one peer at once, and then so many a second. Fast, in memory, bounded. */
export class PeerAllowance {
  readonly #burst: number
  readonly #perSecond: number
  readonly #clock: Pick<Clock, 'now'>
  readonly #left = new Map<string, { left: number; at: number }>()

  constructor(options: { burst: number; perSecond: number }, deps: { clock: Pick<Clock, 'now'> }) {
    this.#burst = options.burst
    this.#perSecond = options.perSecond
    this.#clock = deps.clock
  }

  /** False when that peer has had its share. */
  take(peerId: string): boolean {
    const now = this.#clock.now()
    const known = this.#left.get(peerId) ?? { left: this.#burst, at: now }
    const since = Math.max(0, now - known.at) / 1000
    const left = Math.min(this.#burst, known.left + since * this.#perSecond)
    this.#left.delete(peerId)
    this.#left.set(peerId, { left: left >= 1 ? left - 1 : left, at: now })
    for (const oldest of this.#left.keys()) {
      if (this.#left.size <= mostPeers) break
      this.#left.delete(oldest)
    }
    return left >= 1
  }
}
