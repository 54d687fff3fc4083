/** Where the fragments of one data set go. `end` or `abort` is the last call; calls never overlap. */
export interface DataSetTarget {
  /** `fragment` is only valid during the call. */
  write(fragment: Buffer): Promise<void>
  /** The last fragment is in. */
  end(): Promise<void>
  /** It will not be completed. */
  abort(reason: string): Promise<void>
}

/** Collects a data set that is small by nature; one that is not is read to its end and dropped. */
export class CollectedDataSet implements DataSetTarget {
  readonly #maxBytes: number
  readonly #done: (dataSet: Buffer | undefined) => Promise<void>
  #parts: Buffer[] = []
  #bytes = 0

  /** `done` hears undefined when there was too much. */
  constructor(options: { maxBytes: number }, deps: { done: (dataSet: Buffer | undefined) => Promise<void> }) {
    this.#maxBytes = options.maxBytes
    this.#done = deps.done
  }

  async write(fragment: Buffer): Promise<void> {
    this.#bytes += fragment.length
    if (this.#bytes > this.#maxBytes) this.#parts = []
    else if (fragment.length > 0) this.#parts.push(Buffer.from(fragment)) // an empty one would cost and not count
  }

  async end(): Promise<void> {
    const whole = this.#bytes > this.#maxBytes ? undefined : Buffer.concat(this.#parts)
    this.#parts = []
    await this.#done(whole)
  }

  async abort(): Promise<void> {
    this.#parts = []
  }
}
