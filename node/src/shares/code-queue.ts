import { Turns } from '@twiin/store'

/** Each costs a tenth of a second and 32 MiB. */
const mostAtOnce = 8
const mostWaiting = 200
/** One link has ten tries in all: more at once would only keep others waiting. */
const mostOfOne = 10

/** Where codes are judged: one at a time for each link, eight in the node, the rest waits or is sent away. */
export class CodeQueue {
  readonly #turns = new Turns()
  readonly #ofOne = new Map<string, number>()
  readonly #free: (() => void)[] = []
  #inside = 0
  #judging = 0

  /** `busy` when there are too many; then `judge` is not called. */
  async run<T>(name: string, judge: () => Promise<T>): Promise<T | 'busy'> {
    const before = this.#ofOne.get(name) ?? 0
    if (before >= mostOfOne || this.#inside >= mostAtOnce + mostWaiting) return 'busy'
    this.#ofOne.set(name, before + 1)
    this.#inside++
    try {
      return await this.#turns.run([name], () => this.#whenFree(judge))
    } finally {
      this.#inside--
      const left = (this.#ofOne.get(name) ?? 1) - 1
      if (left > 0) this.#ofOne.set(name, left)
      else this.#ofOne.delete(name)
    }
  }

  async #whenFree<T>(judge: () => Promise<T>): Promise<T> {
    // Who ends hands its place to who waits longest: nobody comes in between.
    if (this.#judging >= mostAtOnce) await new Promise<void>((resolve) => this.#free.push(resolve))
    else this.#judging++
    try {
      return await judge()
    } finally {
      const next = this.#free.shift()
      if (next === undefined) this.#judging--
      else next()
    }
  }
}
