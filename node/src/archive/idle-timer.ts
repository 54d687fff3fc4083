import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** Fires ARCHIVE_TIMEOUT when the archive kept us waiting for so long; the time that we take ourselves does not count. */
export class IdleTimer {
  readonly #ms: number
  readonly #clock: Clock
  readonly #fired = new AbortController()
  readonly #stopped = new AbortController()
  #last: number
  #busy = 0

  constructor(options: { ms: number }, deps: { clock: Clock }) {
    this.#ms = options.ms
    this.#clock = deps.clock
    this.#last = deps.clock.now()
    void this.#watch()
  }

  get signal(): AbortSignal {
    return this.#fired.signal
  }

  progress(): void {
    this.#last = this.#clock.now()
  }

  /** While this goes on the archive waits for us. */
  async busy<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
      this.progress()
    }
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #watch(): Promise<void> {
    for (;;) {
      if (this.#busy > 0) this.progress()
      const left = this.#last + this.#ms - this.#clock.now()
      if (left <= 0) return this.#fired.abort(new TwiinError('ARCHIVE_TIMEOUT'))
      await this.#clock.sleep(left, this.#stopped.signal).catch(() => {})
      if (this.#stopped.signal.aborted) return
    }
  }
}
