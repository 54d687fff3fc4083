import { TwiinError } from '@twiin/runtime'

const startBlock = 0x0b
const endBlock = 0x1c
const carriageReturn = 0x0d
const firstBytes = 4096

export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([startBlock]), message, Buffer.from([endBlock, carriageReturn])])

/** Room for bytes that all connections share, so that many half messages cannot fill the memory; a part of it within the whole. */
export class BufferedBytes {
  readonly #limit: number
  readonly #whole: BufferedBytes | undefined
  #taken = 0

  constructor(limit: number, whole?: BufferedBytes) {
    this.#limit = limit
    this.#whole = whole
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit || this.#whole?.take(bytes) === false) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
    this.#whole?.give(bytes)
  }
}

/**
 * Frames out of a byte stream, however it was cut (MLLP release 1: 0B message 1C 0D). What stands between two frames is
 * skipped; a frame that begins inside another ends that one, of which nobody will be told: its sender gets no answer and
 * sends it again. Throws `HL7_FRAME_TOO_LONG`, `HL7_JUNK`, `HL7_BUSY` (no room shared with others); then it is of no use
 * any more.
 */
export class FrameDecoder {
  readonly #options: { maxFrameBytes: number; maxJunkBytes: number }
  readonly #room: BufferedBytes
  #buffer = Buffer.alloc(0)
  #length = 0
  #inside = false
  #junk = 0
  /** The end block was the last byte of a chunk. */
  #ending = false

  constructor(options: { maxFrameBytes: number; maxJunkBytes: number }, deps: { room: BufferedBytes }) {
    this.#options = options
    this.#room = deps.room
  }

  /** A frame has begun and is not whole. */
  get inside(): boolean {
    return this.#inside
  }

  /** Frames that end in this chunk, without their marks; each is the caller's to keep. */
  *push(chunk: Buffer): Generator<Buffer> {
    let at = 0
    while (at < chunk.length) {
      if (!this.#inside) {
        at = this.#skipJunk(chunk, at)
        continue
      }
      if (this.#ending) {
        this.#ending = false
        const next = chunk[at]
        if (next === carriageReturn || next === startBlock) {
          if (next === carriageReturn) at++
          yield this.#takeFrame()
          continue
        }
        this.#add(Buffer.from([endBlock]))
      }
      const end = chunk.indexOf(endBlock, at)
      const restart = chunk.subarray(at, end === -1 ? chunk.length : end).lastIndexOf(startBlock)
      if (restart !== -1) {
        this.#length = 0
        at += restart + 1
      }
      this.#add(chunk.subarray(at, end === -1 ? chunk.length : end))
      this.#ending = end !== -1
      at = end === -1 ? chunk.length : end + 1
    }
  }

  /** Frees what it holds. */
  close(): void {
    this.#room.give(this.#buffer.length)
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    this.#inside = false
  }

  #skipJunk(chunk: Buffer, at: number): number {
    const start = chunk.indexOf(startBlock, at)
    const end = start === -1 ? chunk.length : start
    // Line ends between frames are a habit, and no sign of another protocol.
    for (let i = at; i < end; i++) if (chunk[i] !== carriageReturn && chunk[i] !== 0x0a) this.#junk++
    if (this.#junk > this.#options.maxJunkBytes) throw new TwiinError('HL7_JUNK')
    this.#inside = start !== -1
    return start === -1 ? chunk.length : start + 1
  }

  #add(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length > this.#options.maxFrameBytes) throw new TwiinError('HL7_FRAME_TOO_LONG')
    if (length > this.#buffer.length) {
      const doubled = Math.max(length, firstBytes, 2 * this.#buffer.length)
      const size = Math.min(doubled, this.#options.maxFrameBytes)
      if (!this.#room.take(size - this.#buffer.length)) throw new TwiinError('HL7_BUSY')
      const bigger = Buffer.allocUnsafe(size)
      this.#buffer.copy(bigger, 0, 0, this.#length)
      this.#buffer = bigger
    }
    bytes.copy(this.#buffer, this.#length)
    this.#length = length
  }

  #takeFrame(): Buffer {
    const frame = Buffer.from(this.#buffer.subarray(0, this.#length))
    this.close()
    this.#junk = 0
    return frame
  }
}
