import { Turns } from '@twiin/store'
import { Places } from './places.ts'

/** Each costs a tenth of a second, 32 MiB and one of the four threads that files and names need as well. */
const mostAtOnce = 2
const mostWaiting = 200
/** One link has ten tries in all: more at once would only keep others waiting. */
const mostOfOne = 10
/** Who sends more from one network waits for the first of them. */
const mostOfNetwork = 4

/**
 * Where codes are judged: one at a time for each link, two in the node, four inside of one network (undefined: of
 * staff); the rest waits or is sent away.
 */
export class CodeQueue {
  readonly #turns = new Turns()
  readonly #places = new Places({ most: mostAtOnce })
  readonly #ofLink = new Map<string, number>()
  readonly #ofNetwork = new Map<string, number>()
  #inside = 0

  /** `busy` when there are too many; then `judge` is not called. */
  async run<T>(link: string, network: string | undefined, judge: () => Promise<T>): Promise<T | 'busy'> {
    const isFull =
      this.#inside >= mostAtOnce + mostWaiting ||
      (this.#ofLink.get(link) ?? 0) >= mostOfOne ||
      (network !== undefined && (this.#ofNetwork.get(network) ?? 0) >= mostOfNetwork)
    if (isFull) return 'busy'
    const count = (by: 1 | -1) => {
      this.#inside += by
      add(this.#ofLink, link, by)
      if (network !== undefined) add(this.#ofNetwork, network, by)
    }
    count(1)
    try {
      return await this.#turns.run([link], () => this.#places.run(judge))
    } finally {
      count(-1)
    }
  }
}

function add(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + by
  if (next > 0) counts.set(name, next)
  else counts.delete(name)
}
