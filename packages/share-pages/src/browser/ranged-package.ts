import type { PackageSource } from '@twiin/share-package'

/** The session is over, or the share: nothing more comes. */
export class SessionOver extends Error {}

export interface RangedOptions {
  /** Of the encrypted file. */
  address: string
  size: number
  /** How often a broken connection is tried again before it counts as gone. */
  tries: number
  /** Bytes fetched at least at once, for who reads on: 0 for just what is asked. */
  ahead: number
}

export interface RangedDeps {
  fetch: (address: string, init: RequestInit) => Promise<Response>
  pause: (ms: number) => Promise<void>
  /** Bytes came: the session was used. */
  onBytes?: () => void
  /** The connection broke, and will be tried again. */
  onBroken?: () => void
}

const longestPauseMs = 15_000

/** The encrypted file over HTTP, in ranges. A connection that breaks is taken up where it broke. */
export class RangedPackage implements PackageSource {
  readonly size: number
  readonly #options: RangedOptions
  readonly #deps: RangedDeps
  #window = { start: 0, bytes: new Uint8Array(0) }

  constructor(options: RangedOptions, deps: RangedDeps) {
    this.size = options.size
    this.#options = options
    this.#deps = deps
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const { start, bytes } = this.#window
    if (offset >= start && offset + length <= start + bytes.length)
      return bytes.slice(offset - start, offset - start + length)
    const wanted = Math.min(Math.max(length, this.#options.ahead), this.size - offset)
    const fetched = await this.#fetch(offset, wanted)
    if (wanted === length) return fetched
    this.#window = { start: offset, bytes: fetched }
    return fetched.slice(0, length)
  }

  async #fetch(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const into = new Uint8Array(length)
    let [got, broken] = [0, 0]
    while (got < length) {
      const before = got
      try {
        for await (const piece of this.#pieces(offset + got, length - got)) {
          into.set(piece.subarray(0, length - got), got)
          got += Math.min(piece.length, length - got)
          this.#deps.onBytes?.()
        }
        if (got < length) throw new Error('cut off')
      } catch (error) {
        if (error instanceof SessionOver) throw error
        broken = got > before ? 1 : broken + 1
        if (broken > this.#options.tries) throw error
        this.#deps.onBroken?.()
        await this.#deps.pause(Math.min(500 * 2 ** (broken - 1), longestPauseMs))
      }
    }
    return into
  }

  async *#pieces(start: number, length: number): AsyncGenerator<Uint8Array> {
    const answer = await this.#deps.fetch(this.#options.address, {
      headers: { range: `bytes=${start}-${start + length - 1}` },
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    })
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) throw new SessionOver()
    if (answer.status !== 206 || answer.body === null) throw new Error(`answered ${answer.status}`)
    const reader = answer.body.getReader()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        yield value
      }
    } finally {
      await reader.cancel().catch(() => {})
    }
  }
}
