import { PeerAllowance } from '@twiin/network'
import type { Clock } from '@twiin/runtime'

/** Refusals of one peer that get a line each: an honest node has a handful in a day. Spec 07 §3 */
const lines = { burst: 60, perSecond: 1 / 60 }

/**
 * Which refusals get a line of their own. One message, brought again and again, must not fill the disk with lines that say
 * the same; from there on they are counted, and the count is a line when the peer has lines left again.
 */
export class PeerRefusals {
  readonly #lines: PeerAllowance
  /** peer → refusals without a line. */
  readonly #unrecorded = new Map<string, number>()

  constructor(deps: { clock: Pick<Clock, 'now'> }) {
    this.#lines = new PeerAllowance(lines, deps)
  }

  /** False: it is counted. */
  getsLine(peerId: string): boolean {
    if (this.#lines.take(peerId)) return true
    this.#unrecorded.set(peerId, (this.#unrecorded.get(peerId) ?? 0) + 1)
    return false
  }

  /** Counts that are due for a line, each told once. */
  *due(): Generator<{ peerId: string; count: number }> {
    for (const [peerId, count] of this.#unrecorded) {
      if (!this.#lines.take(peerId)) continue
      this.#unrecorded.delete(peerId)
      yield { peerId, count }
    }
  }
}
