/**
 * Answers from several sides in the order they come: filled by whoever has one, read by one reader until it is closed. So
 * many wait at most; who brings more waits too.
 */
export class AnswerQueue<T> implements AsyncIterable<T> {
  readonly #room: number
  readonly #waiting: T[] = []
  #closed = false
  #failure: { error: unknown } | undefined
  #wake = () => {}
  /** Who waits for room. */
  #toldOfRoom: (() => void)[] = []

  constructor(options: { room: number }) {
    this.#room = options.room
  }

  /** In the queue when it resolves; false when nobody reads any more. */
  async put(answer: T): Promise<boolean> {
    while (!this.#closed && this.#waiting.length >= this.#room)
      await new Promise<void>((resolve) => this.#toldOfRoom.push(resolve))
    if (this.#closed) return false
    this.#waiting.push(answer)
    this.#wake()
    return true
  }

  /** No more come; what is there is still read. */
  close(): void {
    this.#closed = true
    this.#wake()
    this.#tellOfRoom()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const next = this.#waiting.shift()
        if (next !== undefined) {
          this.#tellOfRoom()
          yield next
        } else if (this.#failure !== undefined) throw this.#failure.error
        else if (this.#closed) return
        else await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    } finally {
      this.#waiting.length = 0
      this.close()
    }
  }

  #tellOfRoom(): void {
    const told = this.#toldOfRoom
    this.#toldOfRoom = []
    for (const tell of told) tell()
  }
}
