import { writeFileDurably } from '@twiin/store'

/**
 * Keeps a small file equal to what memory says: one write at a time, and the last state wins. However fast the state
 * changes, at most one write is under way and one waits.
 */
export class StateFile {
  readonly #path: string
  readonly #state: () => Uint8Array
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(path: string, state: () => Uint8Array) {
    this.#path = path
    this.#state = state
  }

  /** Resolves once a state at least as new as that of the call is durable. Rejects when the disk cannot take it. */
  save(): Promise<void> {
    // What was handed to a running write may be older: this call counts on the one after it.
    this.#next ??= (this.#running ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        this.#running = writeFileDurably(this.#path, this.#state(), { mode: 0o600 })
        return this.#running
      })
    return this.#next
  }

  /** Resolves when nothing is being written any more. Never rejects. */
  async settled(): Promise<void> {
    while (this.#next !== undefined || this.#running !== undefined) {
      const [next, running] = [this.#next, this.#running]
      await Promise.allSettled([next, running])
      if (this.#next === undefined && this.#running === running) this.#running = undefined
    }
  }
}
