/** So many at once; who waits longest comes next. */
export class Places {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(options: { most: number }) {
    this.#most = options.most
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // Who ends hands its place to who waits longest: nobody comes in between.
    if (this.#taken >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#taken++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#taken--
      else next()
    }
  }
}
