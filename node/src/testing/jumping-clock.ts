import { ShiftableClock } from '@twiin/runtime'

/** Real time that jumps, and with it everybody who sleeps: hours of waiting beside a disk and sockets that are real. */
export class JumpingClock extends ShiftableClock {
  readonly #sleepers = new Set<{ at: number; wake: () => void }>()

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const woken = Promise.withResolvers<void>()
    const sleeper = { at: this.now() + ms, wake: woken.resolve }
    const real = new AbortController()
    const stop = () => real.abort(signal?.reason ?? new Error('aborted'))
    if (signal?.aborted === true) stop()
    signal?.addEventListener('abort', stop, { once: true })
    this.#sleepers.add(sleeper)
    return Promise.race([woken.promise, super.sleep(ms, real.signal)]).finally(() => {
      this.#sleepers.delete(sleeper)
      signal?.removeEventListener('abort', stop)
      real.abort(new Error('over'))
    })
  }

  override moveOn(ms: number): void {
    super.moveOn(ms)
    const due = [...this.#sleepers].filter(({ at }) => at <= this.now()).sort((a, b) => a.at - b.at)
    for (const { wake } of due) wake()
  }
}
