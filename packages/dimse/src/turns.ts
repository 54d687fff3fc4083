/**
 * Who may use an association: requests take turns in the order asked. Those that say `overlapping` may run beside each
 * other, as many as the peer granted; every other one runs alone.
 */
export class Turns {
  readonly #window: number
  readonly #waiting: { overlapping: boolean; start: () => void }[] = []
  #running = 0
  #alone = false

  constructor(options: { window: number }) {
    this.#window = options.window
  }

  async take<T>(kind: 'alone' | 'overlapping', work: () => Promise<T>): Promise<T> {
    const end = await this.begin(kind)
    try {
      return await work()
    } finally {
      end()
    }
  }

  /** Resolves when it is our turn, with what ends it. */
  async begin(kind: 'alone' | 'overlapping'): Promise<() => void> {
    const overlapping = kind === 'overlapping'
    await new Promise<void>((start) => {
      this.#waiting.push({ overlapping, start })
      this.#startNext()
    })
    return () => {
      this.#running--
      this.#startNext()
    }
  }

  #startNext(): void {
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined) return
      const free = this.#running === 0 || (next.overlapping && !this.#alone && this.#running < this.#window)
      if (!free) return
      this.#waiting.shift()
      this.#running++
      this.#alone = !next.overlapping
      next.start()
    }
  }
}
