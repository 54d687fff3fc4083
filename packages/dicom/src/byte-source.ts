/** Bytes that can be read at random: an instance's data set, wherever it stands. */
export interface ByteSource {
  readonly length: number
  /** Up to `length` bytes from `offset`; fewer only at the end. The caller does not change them. */
  read(offset: number, length: number): Promise<Uint8Array> | Uint8Array
}

export function bytesInMemory(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }
}

/** As much as is read at once: what a sealed blob is read in. */
const windowBytes = 64 * 1024

/** Small reads, most of them behind each other, out of one window at a time; larger ones pass through. */
export class WindowedSource implements ByteSource {
  readonly length: number
  readonly #fetch: (offset: number, length: number) => Promise<Uint8Array>
  #start = 0
  #window: Uint8Array = new Uint8Array(0)

  constructor(
    options: { length: number },
    deps: { fetch: (offset: number, length: number) => Promise<Uint8Array> },
  ) {
    this.length = options.length
    this.#fetch = deps.fetch
  }

  read(offset: number, length: number): Promise<Uint8Array> | Uint8Array {
    const end = Math.min(offset + length, this.length)
    if (offset >= end) return new Uint8Array(0)
    const from = offset - this.#start
    if (from >= 0 && end - this.#start <= this.#window.length)
      return this.#window.subarray(from, end - this.#start)
    return end - offset > windowBytes / 2 ? this.#fetch(offset, end - offset) : this.#move(offset, end)
  }

  async #move(offset: number, end: number): Promise<Uint8Array> {
    // From the start of a chunk, so that no chunk is opened twice.
    const start = offset - (offset % windowBytes)
    const size = Math.min(end - start > windowBytes ? 2 * windowBytes : windowBytes, this.length - start)
    const window = await this.#fetch(start, size)
    this.#start = start
    this.#window = window
    return window.subarray(offset - start, end - start)
  }
}
