interface Sample {
  at: number
  freeBytes: number
}

const everyMs = 10 * 60_000
const keptMs = 7 * 86_400_000
/** With less, nothing is said: an hour of copying is no trend. */
const leastMs = 6 * 3_600_000
const dayMs = 86_400_000
/** Beyond this it is no forecast any more. */
const mostDays = 365

/** How long free space lasts when it goes on as it did, by what was seen since the start (a week at most). */
export class DiskTrend {
  readonly #samples: Sample[] = []

  note(now: number, freeBytes: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && now - last.at < everyMs) return
    this.#samples.push({ at: now, freeBytes })
    while ((this.#samples[0]?.at ?? now) < now - keptMs) this.#samples.shift()
  }

  /** Whole days; undefined while it cannot be said, or when nothing becomes less. */
  daysToFull(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at - first.at < leastMs) return undefined
    const perDay = ((first.freeBytes - last.freeBytes) / (last.at - first.at)) * dayMs
    const days = last.freeBytes / perDay
    return perDay <= 0 || days > mostDays ? undefined : Math.floor(days)
  }
}
