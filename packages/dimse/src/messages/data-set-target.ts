import type { Room } from './room.ts'

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
  readonly #room: Room | undefined
  readonly #done: (dataSet: Buffer | undefined) => Promise<void>
  #parts: Buffer[] = []
  #bytes = 0
  #isTooMuch = false
  /** Bytes of the room. */
  #taken = 0

  /** `done` hears undefined when there was too much, here or in the room. */
  constructor(
    options: { maxBytes: number },
    deps: { room?: Room; done: (dataSet: Buffer | undefined) => Promise<void> },
  ) {
    this.#maxBytes = options.maxBytes
    this.#room = deps.room
    this.#done = deps.done
  }

  async write(fragment: Buffer): Promise<void> {
    this.#bytes += fragment.length
    this.#isTooMuch ||= this.#bytes > this.#maxBytes || this.#room?.take(fragment.length) === false
    if (this.#isTooMuch) return this.letGo()
    this.#taken += fragment.length
    if (fragment.length > 0) this.#parts.push(Buffer.from(fragment)) // an empty one would cost and not count
  }

  async end(): Promise<void> {
    const whole = this.#isTooMuch ? undefined : Buffer.concat(this.#parts)
    this.#parts = []
    await this.#done(whole)
  }

  async abort(): Promise<void> {
    this.letGo()
  }

  /** Nobody needs the data set any more: its place in the room is another's. */
  letGo(): void {
    this.#parts = []
    this.#room?.give(this.#taken)
    this.#taken = 0
  }
}
