import { systemClock } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** Real time that a test can move on, for deadlines of hours beside a disk and sockets that are real. */
export class ShiftableClock implements Clock {
  #offset = 0

  now(): number {
    return Date.now() + this.#offset
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal)
  }

  moveOn(ms: number): void {
    this.#offset += ms
  }
}
