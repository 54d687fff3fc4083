/** Saved up by whoever was quiet: a peer that starts asks in bursts. */
const burstSeconds = 10

/** So many a second for each peer. Who is refused has not used anything up. */
export class RateLimit {
  readonly #perSecond: number
  readonly #now: () => number
  /** peer → the moment, in seconds, up to which it has used its share. In the past: nothing is held against it. */
  readonly #usedUntil = new Map<string, number>()

  constructor(perSecond: number, now = () => performance.now() / 1000) {
    this.#perSecond = perSecond
    this.#now = now
  }

  take(peer: string): boolean {
    const now = this.#now()
    const until = Math.max(now, this.#usedUntil.get(peer) ?? 0) + 1 / this.#perSecond
    if (until > now + burstSeconds) return false
    this.#usedUntil.set(peer, until)
    return true
  }
}
