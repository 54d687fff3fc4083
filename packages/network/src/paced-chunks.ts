import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { TwiinError } from '@twiin/runtime'

const defaultHighWater = 1024 * 1024

/**
 * What a stream receives, taken from the network only as fast as it is read. libp2p's own async iterator has no
 * back-pressure, so this listens to `message` and pauses the stream itself. Must be made in the same turn in which the
 * stream is handed over, because a stream without a listener is reset. One reader.
 *
 * Ends when nothing more will come, whether the peer closed or the connection broke: only the frames inside can say
 * whether it was complete. Throws when the stream was aborted or reset.
 */
export class PacedChunks implements AsyncIterable<Uint8Array> {
  /** True while a reader waits for the peer. */
  waiting = false
  readonly #stream: Stream
  readonly #highWater: number
  readonly #onChunk: () => void
  #queue: Uint8Array[] = []
  #queued = 0
  #paused = false
  #over = false
  #error: Error | undefined
  #wake: () => void = () => {}

  constructor(stream: Stream, options: { highWaterBytes?: number; onChunk?: () => void } = {}) {
    this.#stream = stream
    this.#highWater = options.highWaterBytes ?? defaultHighWater
    this.#onChunk = options.onChunk ?? (() => {})
    stream.addEventListener('message', (event) => this.#push(event.data))
    stream.addEventListener('end', () => this.#finish())
    stream.addEventListener('close', (event) => this.#onClose(event.error))
    if (stream.readableEnded) this.#finish()
    else if (stream.status !== 'open' && stream.status !== 'closing') this.#onClose(undefined)
  }

  /** Bytes received and not yet read, here and in the library's own buffer. */
  get bufferedBytes(): number {
    return this.#queued + this.#stream.readBufferLength
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error
      const chunk = this.#queue.shift()
      if (chunk !== undefined) {
        this.#queued -= chunk.byteLength
        if (this.#paused && this.#queued < this.#highWater / 2) this.#setPaused(false)
        yield chunk
      } else if (this.#over) {
        return
      } else {
        this.waiting = true
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.waiting = false
      }
    }
  }

  #push(data: StreamMessageEvent['data']): void {
    // duck-typed: libp2p and yamux each bring their own copy of Uint8ArrayList
    for (const part of data instanceof Uint8Array ? [data] : data) this.#queue.push(part)
    this.#queued += data.byteLength
    this.#onChunk()
    if (this.#queued > this.#highWater && !this.#paused) this.#setPaused(true)
    this.#wake()
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused
    // a pause inside the `message` handler that resume() itself calls is undone by the library: hence the next microtask
    queueMicrotask(() => {
      if (paused !== this.#paused) return
      try {
        if (paused) this.#stream.pause()
        else this.#stream.resume()
      } catch {
        // closing: nothing left to pace
      }
    })
  }

  #onClose(error: Error | undefined): void {
    if (error !== undefined) {
      this.#error = error
      this.#queue = []
      this.#queued = 0
      this.#wake()
      return
    }
    // what the library still holds for a paused stream comes out now, and `end` may never follow
    if (this.#paused) {
      this.#paused = false
      try {
        this.#stream.resume()
      } catch {
        // its reading side is closed already: nothing was left
      }
    }
    this.#finish()
  }

  #finish(): void {
    this.#over = true
    this.#wake()
  }

  /** Makes the reader fail now. */
  fail(error: Error): void {
    this.#onClose(
      error instanceof TwiinError ? error : new TwiinError('CHANNEL_CLOSED', {}, { cause: error }),
    )
  }
}
