import { codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Held } from './network-bundle.ts'

const atOnce = 3
const mostWaiting = 64
/** Who told of something it then did not have is not listened to for so long. */
const deafMs = 60_000

interface Deps {
  isNews: (theirs: Held) => boolean
  pull: (peerId: string, theirs: Held) => Promise<void>
  clock: Pick<Clock, 'now'>
  log: Logger
}

/** Fetches what peers told of, a few at a time, and forgets the rest as soon as one had it. */
export class PullQueue {
  readonly #deps: Deps
  readonly #waiting = new Map<string, Held>()
  readonly #running = new Set<string>()
  readonly #deafUntil = new Map<string, number>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What a peer says it holds. Costs nothing when that is no news, or the peer's word was worth nothing before. */
  add(peerId: string, theirs: Held): void {
    if (!this.#deps.isNews(theirs) || (this.#deafUntil.get(peerId) ?? 0) > this.#deps.clock.now()) return
    if (this.#waiting.size < mostWaiting || this.#waiting.has(peerId)) this.#waiting.set(peerId, theirs)
    void this.#work()
  }

  async #work(): Promise<void> {
    while (this.#running.size < atOnce) {
      const [peerId, theirs] = [...this.#waiting].find(([peer]) => !this.#running.has(peer)) ?? []
      if (peerId === undefined || theirs === undefined) return
      this.#waiting.delete(peerId)
      if (!this.#deps.isNews(theirs)) continue
      this.#running.add(peerId)
      await this.#pull(peerId, theirs)
      this.#running.delete(peerId)
    }
  }

  async #pull(peerId: string, theirs: Held): Promise<void> {
    const { pull, isNews, clock, log } = this.#deps
    try {
      await pull(peerId, theirs)
    } catch (error) {
      log.debug('bundle not pulled', { peerId, code: codeOf(error) })
    }
    if (!isNews(theirs)) return void this.#deafUntil.delete(peerId)
    this.#deafUntil.set(peerId, clock.now() + deafMs)
    this.#waiting.delete(peerId)
    for (const [other, until] of this.#deafUntil) if (until <= clock.now()) this.#deafUntil.delete(other)
  }
}
