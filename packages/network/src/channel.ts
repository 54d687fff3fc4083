import type { Stream } from '@libp2p/interface'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import { pipe } from 'it-pipe'
import { encodeFrame, splitFrames } from './frames.ts'
import { PacedChunks } from './paced-chunks.ts'
import { PacedWriter } from './paced-writer.ts'

/** A long-lived conversation in frames, both ways, over one stream. */
export interface Channel {
  readonly peerId: string
  /**
   * Aborted when the channel breaks (peer gone, aborted, no longer admitted), with the TwiinError as its reason; not when
   * it ends in good order.
   */
  readonly signal: AbortSignal
  /**
   * Resolves when the transport can take more: awaiting it is the back-pressure. Small frames are gathered into writes of
   * 256 KiB; the bytes are copied, so the caller may reuse its buffers. An array is the parts of ONE frame. A frame has at
   * least one byte.
   * @throws TwiinError CHANNEL_CLOSED, FRAME_TOO_LARGE, PEER_NOT_ADMITTED
   */
  send(frame: Uint8Array | readonly Uint8Array[]): Promise<void>
  /**
   * The peer's frames, paced: bytes are taken from the network only as the reader asks for them. Ends when the peer called
   * `end()`, and only then: a connection that breaks between two frames throws. Read once.
   * @throws TwiinError CHANNEL_CLOSED, FRAME_TOO_LARGE, PEER_NOT_ADMITTED
   */
  frames(): AsyncIterable<Uint8Array>
  /** Half close: no more frames from us; the peer's may still come. Resolves when all is handed to the transport. */
  end(): Promise<void>
  /** Ends both directions at once. The peer sees CHANNEL_CLOSED, never the error. */
  abort(error: Error): void
}

export interface StreamChannelOptions {
  peerId: string
  maxFrameBytes: number
  idleMs: number
}

/** A channel over a libp2p stream. Made in the same turn in which the stream is handed over. */
export class StreamChannel implements Channel {
  readonly peerId: string
  readonly #stream: Stream
  readonly #maxFrameBytes: number
  readonly #idleMs: number
  readonly #chunks: PacedChunks
  readonly #writer: PacedWriter
  readonly #broken = new AbortController()
  readonly #idle: NodeJS.Timeout
  #movedAt = performance.now()
  #ended = false

  constructor(stream: Stream, options: StreamChannelOptions, onMove: () => void = () => {}) {
    this.peerId = options.peerId
    this.#stream = stream
    this.#maxFrameBytes = options.maxFrameBytes
    this.#idleMs = options.idleMs
    const moved = () => {
      this.#movedAt = performance.now()
      onMove()
    }
    this.#chunks = new PacedChunks(stream, { onChunk: moved })
    this.#writer = new PacedWriter(stream, { onProgress: moved })
    // a half-open peer must not hold a stream for ever
    this.#idle = setInterval(() => this.#checkIdle(), options.idleMs / 4).unref()
    let peerEnded = stream.remoteWriteStatus === 'closed'
    stream.addEventListener('remoteCloseWrite', () => (peerEnded = true))
    stream.addEventListener('close', (event) => {
      clearInterval(this.#idle)
      if (event.error !== undefined) this.#break(toChannelError(event.error))
      else if (!peerEnded || !this.#ended)
        this.#break(new TwiinError('CHANNEL_CLOSED', { reason: 'disconnected' }))
    })
    if (stream.status !== 'open') this.#break(new TwiinError('CHANNEL_CLOSED', { reason: 'disconnected' }))
  }

  get signal(): AbortSignal {
    return this.#broken.signal
  }

  /** Bytes in memory for this channel on our side, both directions. */
  get bufferedBytes(): number {
    return this.#chunks.bufferedBytes + this.#writer.bufferedBytes
  }

  async send(frame: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const encoded = encodeFrame(frame instanceof Uint8Array ? [frame] : frame, this.#maxFrameBytes)
    // spec 00 §4: an empty frame is the end mark
    if (encoded.byteLength === endMark.byteLength) throw new RangeError('a frame has at least one byte')
    if (this.#ended) throw new TwiinError('CHANNEL_CLOSED', { reason: 'ended' })
    await this.#write(encoded)
  }

  async *frames(): AsyncGenerator<Uint8Array> {
    try {
      for await (const frame of pipe(this.#chunks, splitFrames(this.#maxFrameBytes))) {
        if (frame.byteLength === 0) return
        yield frame
      }
    } catch (error) {
      const reason = toChannelError(error)
      this.abort(reason)
      throw reason
    }
    // spec 00 §4: a direction that ends without its end mark is broken off, not complete
    throw this.#brokenReason() ?? new TwiinError('CHANNEL_CLOSED', { reason: 'no end mark' })
  }

  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#write(endMark)
    try {
      await this.#writer.end(this.signal)
    } catch (error) {
      throw this.#brokenReason() ?? toChannelError(error)
    }
  }

  abort(error: Error): void {
    this.#break(toChannelError(error))
    this.#stream.abort(error)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const reason = this.#brokenReason()
    if (reason !== undefined) throw reason
    try {
      await this.#writer.write(bytes)
    } catch (error) {
      throw this.#brokenReason() ?? toChannelError(error)
    }
  }

  #break(reason: TwiinError): void {
    clearInterval(this.#idle)
    if (this.signal.aborted) return
    this.#broken.abort(reason)
    this.#chunks.fail(reason)
  }

  #brokenReason(): TwiinError | undefined {
    return this.signal.aborted ? (this.signal.reason as TwiinError) : undefined
  }

  #checkIdle(): void {
    const waiting = this.#ended || this.#chunks.waiting || this.#writer.waiting
    if (!waiting || performance.now() - this.#movedAt < this.#idleMs) return
    this.abort(new TwiinError('CHANNEL_CLOSED', { reason: 'idle' }))
  }
}

const endMark = encodeFrame([], 0)

/** What broke, as a code; the peer's reset carries none. */
export function toChannelError(error: unknown): TwiinError {
  if (isTwiinError(error)) return error
  const name = error instanceof Error ? error.name : ''
  const reason = name === 'StreamResetError' ? 'reset by the peer' : 'disconnected'
  return new TwiinError('CHANNEL_CLOSED', { reason }, { cause: error })
}
