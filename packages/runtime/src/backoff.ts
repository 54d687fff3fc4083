/** How long a pause is the first time, and at the longest; without that it only doubles. In milliseconds. */
export interface Pauses {
  firstMs: number
  mostMs?: number
}

/** The pause after so many earlier ones: doubled each time. For who keeps count by itself, as what is on disk does. */
export function doubled(earlier: number, { firstMs, mostMs = Infinity }: Pauses): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(earlier, 30))
}

/** How long to wait after each failure in a row: doubling, and never the same for two nodes that failed together. */
export class Backoff {
  readonly #pauses: Pauses
  readonly #random: (bytes: number) => Uint8Array
  #failures = 0

  constructor(options: Pauses, deps: { random: (bytes: number) => Uint8Array }) {
    this.#pauses = options
    this.#random = deps.random
  }

  /** Milliseconds: between half of the pause that is due and all of it. */
  next(): number {
    return doubled(this.#failures++, this.#pauses) * (0.5 + fractionOf(this.#random) / 2)
  }

  reset(): void {
    this.#failures = 0
  }
}

/** Evenly from 0 up to, and without, 1. */
export function fractionOf(random: (bytes: number) => Uint8Array): number {
  return Buffer.from(random(4)).readUInt32BE() / 2 ** 32
}
