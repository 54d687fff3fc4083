import type { Readable } from 'node:stream'
import { TwiinError } from '@twiin/runtime'

/** How many files are on their way at once; more are asked to come back. */
export class DownloadsAtOnce {
  readonly #most: number
  #count = 0

  constructor(options: { most: number }) {
    this.#most = options.most
  }

  get count(): number {
    return this.#count
  }

  /** Counts the stream until it is closed; `signal` closes it. Throws BUSY. */
  admit(make: () => Readable, signal: AbortSignal): Readable {
    if (this.#count >= this.#most) throw new TwiinError('BUSY', { retryAfterSeconds: 10 })
    const stream = make()
    this.#count++
    const stop = () => stream.destroy(new TwiinError('SHARE_OVER'))
    stream.once('close', () => {
      this.#count--
      signal.removeEventListener('abort', stop)
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    return stream
  }
}
