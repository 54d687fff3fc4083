/** Answers from several sides in the order they come: filled by whoever has one, read by one reader until it is closed. */
export class AnswerQueue<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = []
  #closed = false
  #failure: { error: unknown } | undefined
  #wake = () => {}

  /** False when nobody reads any more. */
  push(answer: T): boolean {
    if (this.#closed) return false
    this.#waiting.push(answer)
    this.#wake()
    return true
  }

  /** No more come; what is there is still read. */
  close(): void {
    this.#closed = true
    this.#wake()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const next = this.#waiting.shift()
        if (next !== undefined) yield next
        else if (this.#failure !== undefined) throw this.#failure.error
        else if (this.#closed) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#closed = true
      this.#waiting.length = 0
    }
  }
}
