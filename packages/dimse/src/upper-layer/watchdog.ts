import { systemClock } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** Deadlines are differences: setting the wall clock must not move them. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
}

/**
 * One deadline at a time, moved for every PDU. Moving it later costs no timer: the running one, on waking, looks at the
 * deadline of that moment and sleeps on.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #onExpired: (waitingFor: string) => void
  #deadline = Infinity
  #waitingFor = ''
  #sleeper: { wakesAt: number; cancel: AbortController } | undefined

  constructor(deps: { clock: Clock; onExpired: (waitingFor: string) => void }) {
    this.#clock = deps.clock
    this.#onExpired = deps.onExpired
  }

  arm(waitingFor: string, ms: number): void {
    this.#waitingFor = waitingFor
    this.#deadline = this.#clock.now() + ms
    if (this.#sleeper !== undefined && this.#sleeper.wakesAt <= this.#deadline) return
    this.#sleeper?.cancel.abort()
    this.#sleep()
  }

  disarm(): void {
    this.#deadline = Infinity
  }

  /** Disarms for good and frees the timer. */
  close(): void {
    this.disarm()
    this.#sleeper?.cancel.abort()
    this.#sleeper = undefined
  }

  #sleep(): void {
    const sleeper = { wakesAt: this.#deadline, cancel: new AbortController() }
    this.#sleeper = sleeper
    this.#clock.sleep(Math.max(0, sleeper.wakesAt - this.#clock.now()), sleeper.cancel.signal).then(
      () => this.#wake(sleeper),
      () => {}, // cancelled for an earlier deadline, or closed
    )
  }

  #wake(sleeper: object): void {
    if (this.#sleeper !== sleeper) return
    this.#sleeper = undefined
    if (this.#deadline === Infinity) return
    if (this.#clock.now() < this.#deadline) return this.#sleep()
    this.#deadline = Infinity
    this.#onExpired(this.#waitingFor)
  }
}
