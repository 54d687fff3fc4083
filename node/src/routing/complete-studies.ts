import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository } from '@twiin/store'

/** A study that came in and whose rules were not judged yet. */
export interface Incomplete {
  readonly handle: string
  /** Milliseconds since the Unix epoch: when the first instance of this round came. */
  readonly since: number
}

interface Watched {
  lastAt: number
  readonly associations: Set<string>
  noted: Promise<void>
  /** Rules that were judged in this round already, by the length of their quiet time. */
  judgedQuietMs: number
}

interface Deps {
  waiting: Repository<Incomplete>
  /** Distinct, in milliseconds, ascending. */
  quietTimes: readonly number[]
  /** Rules with this quiet time; idempotent for the study as it is now. */
  complete: (handle: string, quietMs: number) => Promise<void>
  clock: Clock
  log: Logger
}

const retryMs = 30_000

/**
 * Knows when a study is complete (spec 17 §4): no association that brought something of it is open, and nothing came for
 * the quiet time of the rule. That it waits is on disk before its first instance is acknowledged.
 */
export class CompleteStudies implements Service {
  readonly name = 'complete studies'
  readonly #deps: Deps
  readonly #watched = new Map<string, Watched>()
  #timer = new AbortController()
  #turn: Promise<void> = Promise.resolve()
  #isStopping = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What an earlier process left is as if its last instance came now. */
  async start(): Promise<void> {
    this.#isStopping = false
    for await (const [handle] of this.#deps.waiting.entries())
      this.#watched.set(handle, {
        ...{ lastAt: this.#deps.clock.now(), associations: new Set() },
        ...{ noted: Promise.resolve(), judgedQuietMs: 0 },
      })
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#timer.abort(new Error('stopping'))
    await this.#turn
  }

  /** An instance of it came in. Durable when it resolves; before it is acknowledged. */
  async arrived(handle: string, associationId: string): Promise<void> {
    if (this.#deps.quietTimes.length === 0) return
    const now = this.#deps.clock.now()
    let watched = this.#watched.get(handle)
    if (watched === undefined || watched.judgedQuietMs > 0) {
      // Some rules were judged: this is a new round, noted before the old one can be forgotten.
      const noted = this.#deps.waiting.put(handle, { handle, since: now })
      watched = { lastAt: now, associations: watched?.associations ?? new Set(), noted, judgedQuietMs: 0 }
      this.#watched.set(handle, watched)
      noted.catch(() => this.#watched.delete(handle))
    }
    watched.lastAt = now
    watched.associations.add(associationId)
    await watched.noted
  }

  associationEnded(associationId: string): void {
    for (const watched of this.#watched.values()) watched.associations.delete(associationId)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isStopping) return
    this.#timer.abort(new Error('rescheduled'))
    this.#timer = new AbortController()
    const next = Math.min(...[...this.#watched.values()].map((watched) => this.#nextAt(watched)))
    if (!Number.isFinite(next)) return
    const { clock } = this.#deps
    clock.sleep(Math.max(next - clock.now(), 1), this.#timer.signal).then(
      () => {
        this.#turn = this.#turn.then(() => this.#judgeDue()).finally(() => this.#schedule())
      },
      () => {},
    )
  }

  #nextAt({ associations, lastAt, judgedQuietMs }: Watched): number {
    const next = this.#deps.quietTimes.find((quietMs) => quietMs > judgedQuietMs)
    return associations.size > 0 || next === undefined ? Infinity : lastAt + next
  }

  async #judgeDue(): Promise<void> {
    const { clock, quietTimes, complete, waiting, log } = this.#deps
    for (const [handle, watched] of [...this.#watched]) {
      if (this.#nextAt(watched) > clock.now()) continue
      const quietMs = quietTimes.find((each) => each > watched.judgedQuietMs) ?? 0
      const lastAt = watched.lastAt
      try {
        await complete(handle, quietMs)
        // What came in meanwhile began a round of its own, or goes on with this one.
        if (this.#watched.get(handle) !== watched || watched.lastAt !== lastAt) continue
        watched.judgedQuietMs = quietMs
        if (quietMs !== quietTimes.at(-1)) continue
        this.#watched.delete(handle)
        // A new round that begins from here on is noted after this.
        await waiting.delete(handle)
      } catch (error) {
        log.error('rules not judged', { code: codeOf(error) })
        watched.lastAt = clock.now() + retryMs
      }
    }
  }
}
