import type { Stream } from '@libp2p/interface'
import { TwiinError } from '@twiin/runtime'

/** Smaller writes cost most of the throughput: each is a cipher record and a system call of its own. */
const gatherBytes = 256 * 1024

/** Writes frames to a stream, gathering small ones, and waits while the transport is full. */
export class PacedWriter {
  readonly #stream: Stream
  readonly #onProgress: () => void
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #scheduled: NodeJS.Immediate | undefined
  #full: Promise<void> | undefined

  constructor(stream: Stream, options: { onProgress?: () => void } = {}) {
    this.#stream = stream
    this.#onProgress = options.onProgress ?? (() => {})
  }

  /** True while the transport takes nothing. */
  get waiting(): boolean {
    return this.#full !== undefined
  }

  /** Bytes accepted and not yet handed to the transport. */
  get bufferedBytes(): number {
    return this.#gatheredBytes + this.#stream.writeBufferLength
  }

  /** Resolves when the transport can take more. The frame must not be changed afterwards. */
  async write(frame: Uint8Array): Promise<void> {
    await this.#full
    this.#gathered.push(frame)
    this.#gatheredBytes += frame.byteLength
    if (this.#gatheredBytes >= gatherBytes) this.#flush()
    else this.#scheduled ??= setImmediate(() => this.#flushLater())
    await this.#full
  }

  /** Half close, after everything was handed to the transport. */
  async end(signal?: AbortSignal): Promise<void> {
    await this.#full
    this.#flush()
    await this.#full
    await this.#stream.close(signal === undefined ? {} : { signal })
  }

  #flushLater(): void {
    this.#scheduled = undefined
    try {
      this.#flush()
    } catch (error) {
      // the stream broke meanwhile: the next write() shall say so
      this.#full = Promise.reject(error instanceof Error ? error : new Error('write failed'))
      this.#full.catch(() => {})
    }
  }

  #flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    // while full, the end of that wait flushes
    if (this.#gatheredBytes === 0 || this.#full !== undefined) return
    const [first] = this.#gathered
    const data = this.#gathered.length === 1 && first !== undefined ? first : Buffer.concat(this.#gathered)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#onProgress()
    if (this.#stream.send(data)) return
    this.#full = this.#untilRoom().then(() => {
      this.#full = undefined
      this.#flush()
      return this.#full
    })
    this.#full.catch(() => {})
  }

  /**
   * The library's `onDrain()` resolves at once after its first use, and a `drain` event may mean room for a few bytes only:
   * so wait for events until little is left.
   */
  async #untilRoom(): Promise<void> {
    do {
      await nextDrain(this.#stream)
      this.#onProgress()
    } while (this.#stream.writeBufferLength > gatherBytes)
  }
}

function nextDrain(stream: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onDrain = () => settle()
    const onClose = (event: { error?: Error }) =>
      settle(event.error ?? new TwiinError('CHANNEL_CLOSED', { reason: 'disconnected' }))
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    if (stream.writeStatus === 'closed') settle(new TwiinError('CHANNEL_CLOSED', { reason: 'disconnected' }))
  })
}
