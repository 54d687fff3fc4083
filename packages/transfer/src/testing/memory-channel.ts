import { TwiinError } from '@twiin/runtime'
import type { TransferChannel } from '../ports.ts'

export interface ChannelPair {
  receiver: TransferChannel
  holder: TransferChannel
}
export interface ChannelFaults {
  /** The line breaks instead of carrying this frame of the holder (0 is its first). */
  cutAtFrame?: number
  /** What the receiver gets instead of a frame of the holder; undefined swallows it. */
  tamper?: (frame: Uint8Array, number: number) => Uint8Array | Uint8Array[] | undefined
}

/** Frames that may wait on the way before `send` does: real back-pressure. */
const framesInFlight = 8

/** Two ends of one conversation. */
export function channelPair({ cutAtFrame = Infinity, tamper }: ChannelFaults = {}): ChannelPair {
  const over = new AbortController()
  const toHolder = new Pipe(over.signal)
  const toReceiver = new Pipe(over.signal)
  let sent = 0
  const abort = () => over.abort(new TwiinError('CHANNEL_CLOSED'))
  const end = (out: Pipe, into: Pipe, carry: (frame: Uint8Array) => Promise<void>): TransferChannel => ({
    signal: over.signal,
    // Copied, as the network does: the sender may reuse its buffers.
    send: (frame) => carry(Buffer.concat(frame instanceof Uint8Array ? [frame] : frame)),
    frames: () => into.frames(),
    end: async () => out.end(),
    abort,
  })
  const receiver = end(toHolder, toReceiver, (frame) => toHolder.put(frame))
  const holder = end(toReceiver, toHolder, async (frame) => {
    const number = sent++
    if (number >= cutAtFrame) abort()
    const changed = tamper === undefined ? frame : tamper(frame, number)
    if (changed === undefined) return
    for (const each of changed instanceof Uint8Array ? [changed] : changed) await toReceiver.put(each)
  })
  return { receiver, holder }
}

class Pipe {
  readonly #signal: AbortSignal
  readonly #frames: Uint8Array[] = []
  #ended = false
  #moved = Promise.withResolvers<void>()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  async put(frame: Uint8Array): Promise<void> {
    while (this.#frames.length >= framesInFlight && !this.#signal.aborted) await this.#moved.promise
    this.#signal.throwIfAborted()
    this.#frames.push(frame)
    this.#wake()
  }
  end(): void {
    this.#ended = true
    this.#wake()
  }
  async *frames(): AsyncGenerator<Uint8Array> {
    for (;;) {
      this.#signal.throwIfAborted()
      const frame = this.#frames.shift()
      if (frame !== undefined) {
        this.#wake()
        yield frame
      } else if (this.#ended) return
      else await this.#moved.promise
    }
  }
  #wake(): void {
    this.#moved.resolve()
    this.#moved = Promise.withResolvers()
  }
}
