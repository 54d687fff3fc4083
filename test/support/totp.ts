/** An authenticator app: codes by RFC 6238 (SHA-1, 30 s, six digits), each given once. */
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const stepMs = 30_000
/** How long a person may take to type a code and send it. */
const typingMs = 12_000

export class Authenticator {
  readonly #secret: Buffer
  readonly #clock: () => number
  #last = 0

  /** Base32, RFC 4648 §6. `clock` of a node whose time is moved. */
  constructor(secret: string, clock = () => Date.now()) {
    this.#clock = clock
    const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
    this.#secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  }

  /** A code that was never given before; waits when all that count now are used up. The registry takes one step either way. */
  async next(): Promise<string> {
    const now = () => Math.floor(this.#clock() / stepMs)
    // The one before counts until this step ends: too soon, when that is about to happen.
    const oldest = Math.floor((this.#clock() + typingMs) / stepMs) - 1
    const step = Math.max(oldest, this.#last + 1)
    while (step > now() + 1) await sleep(500)
    this.#last = step
    return this.#codeAt(step)
  }

  #codeAt(step: number): string {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(BigInt(step))
    const digest = createHmac('sha1', this.#secret).update(counter).digest()
    const offset = digest[19]! & 0x0f
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
  }
}
