/** How long to wait after each failure in a row: doubling, and never the same for two nodes that failed together. */
export class Backoff {
  readonly #firstMs: number
  readonly #mostMs: number
  readonly #random: (bytes: number) => Uint8Array
  #failures = 0

  constructor(options: { firstMs: number; mostMs: number }, deps: { random: (bytes: number) => Uint8Array }) {
    this.#firstMs = options.firstMs
    this.#mostMs = options.mostMs
    this.#random = deps.random
  }

  /** Milliseconds: between half of the pause that is due and all of it. */
  next(): number {
    const due = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#failures++, 30))
    return due * (0.5 + fractionOf(this.#random) / 2)
  }

  reset(): void {
    this.#failures = 0
  }
}

/** Evenly from 0 up to, and without, 1. */
export function fractionOf(random: (bytes: number) => Uint8Array): number {
  return Buffer.from(random(4)).readUInt32BE() / 2 ** 32
}
