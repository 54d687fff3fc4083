import { TwiinError } from '@twiin/runtime'

/** What a disc may cost to read (spec 19 §2). */
export interface MediaLimits {
  /** Files and folders. */
  entries: number
  dicomFiles: number
  /** Of the folders of an image, as they are read: records that name nothing count too. */
  directoryBytes: number
  /** Folders within folders. */
  depth: number
  /** Of all files together, inflated. */
  bytes: number
  /** Inflated over stored, of a whole zip that inflates to more than `ratioFreeBytes`. */
  ratio: number
  ratioFreeBytes: number
  dicomdirBytes: number
}

const GiB = 1024 ** 3

export const defaultLimits: MediaLimits = {
  entries: 200_000,
  dicomFiles: 100_000,
  directoryBytes: 128 * 1024 * 1024,
  depth: 24,
  bytes: 64 * GiB,
  ratio: 100,
  ratioFreeBytes: GiB,
  dicomdirBytes: 32 * 1024 * 1024,
}

/** Counts along while a source is walked. Throws `DISC_TOO_LARGE` with what there is too much of. */
export class Tally {
  readonly #limits: MediaLimits
  readonly #signal: AbortSignal | undefined
  #entries = 0
  #bytes = 0
  #directoryBytes = 0

  constructor(limits: MediaLimits, signal?: AbortSignal) {
    this.#limits = limits
    this.#signal = signal
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `depth`: 1 in the root. */
  entry(depth: number): void {
    this.#signal?.throwIfAborted()
    if (++this.#entries > this.#limits.entries) throw tooLarge('entries')
    if (depth > this.#limits.depth) throw tooLarge('depth')
  }

  directory(bytes: number): void {
    this.#signal?.throwIfAborted()
    this.#directoryBytes += bytes
    if (this.#directoryBytes > this.#limits.directoryBytes) throw tooLarge('directoryBytes')
  }

  file(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#limits.bytes) throw tooLarge('bytes')
  }
}

export const tooLarge = (reason: string) => new TwiinError('DISC_TOO_LARGE', { reason })
export const unreadable = (reason: string) => new TwiinError('DISC_UNREADABLE', { reason })
