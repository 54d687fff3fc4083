import { PeerAllowance } from '@twiin/network'
import type { Clock } from '@twiin/runtime'

/** Refusals of one peer that get a line each: an honest node has a handful in a day. Spec 07 §3 */
const lines = { burst: 60, perSecond: 1 / 60 }

type Tell = (peerId: string, count: number) => Promise<void>

/**
 * Which refusals get a line of their own. One message, brought again and again, must not fill the disk with lines that say
 * the same; from there on they are counted, and the peer's next line is the count: however steady it goes on, how much
 * there was of it comes into the log within the minute. In memory: a node that is killed loses the count of that minute.
 */
export class PeerRefusals {
  readonly #lines: PeerAllowance
  /** peer → refusals without a line. */
  readonly #unrecorded = new Map<string, number>()
  /** Counts that are being written. */
  readonly #telling = new Map<string, Promise<void>>()

  constructor(deps: { clock: Pick<Clock, 'now'> }) {
    this.#lines = new PeerAllowance(lines, deps)
  }

  /** False: it is counted. While a count stands, the next line is the count's. */
  getsLine(peerId: string): boolean {
    const count = this.#unrecorded.get(peerId) ?? 0
    if (count === 0 && this.#lines.take(peerId)) return true
    this.#unrecorded.set(peerId, count + 1)
    return false
  }

  /** Writes each count whose peer has a line left. Throws what `tell` throws; what was not written stands. */
  async tellDue(tell: Tell): Promise<void> {
    for (const peerId of [...this.#unrecorded.keys()])
      if (!this.#telling.has(peerId) && this.#unrecorded.has(peerId) && this.#lines.take(peerId))
        await this.#tell(peerId, tell)
  }

  /** Writes all counts. Throws what `tell` throws. */
  async tellAll(tell: Tell): Promise<void> {
    await Promise.allSettled(this.#telling.values())
    for (const peerId of [...this.#unrecorded.keys()]) await this.#tell(peerId, tell)
  }

  async #tell(peerId: string, tell: Tell): Promise<void> {
    const count = this.#unrecorded.get(peerId) ?? 0
    const told = tell(peerId, count)
    this.#telling.set(peerId, told)
    try {
      await told
      // More may have come meanwhile.
      const left = (this.#unrecorded.get(peerId) ?? 0) - count
      if (left > 0) this.#unrecorded.set(peerId, left)
      else this.#unrecorded.delete(peerId)
    } finally {
      this.#telling.delete(peerId)
    }
  }
}
