import type { Command } from './command-set.ts'

export interface Response {
  command: Command
  dataSet?: Buffer
}

/** PS3.7 annex C: FF00, and FF01 when some keys were not supported. */
export function isPending({ command }: Response): boolean {
  return command.status === 0xff00 || command.status === 0xff01
}

/**
 * The responses to one request, between the network and who asked. `add` resolves when there is room again: while the asker
 * is slow nothing more is read from the peer.
 */
export class ResponseQueue {
  readonly #capacity: number
  #waiting: Response[] = []
  #failure: Error | undefined
  #arrived: (() => void) | undefined
  #room: (() => void) | undefined
  #dropping = false

  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity
  }

  async add(response: Response): Promise<void> {
    if (this.#dropping && isPending(response)) return
    this.#waiting.push(response)
    this.#arrived?.()
    if (this.#waiting.length < this.#capacity || !isPending(response)) return
    await new Promise<void>((resolve) => (this.#room = resolve))
  }

  /** The final one comes last. Throws what ended the association. */
  async next(): Promise<Response> {
    for (;;) {
      const response = this.#waiting.shift()
      if (response !== undefined) {
        this.#room?.()
        return response
      }
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
  }

  /** From now on only the final response matters. */
  dropPending(): void {
    this.#dropping = true
    this.#waiting = this.#waiting.filter((response) => !isPending(response))
    this.#room?.()
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#arrived?.()
    this.#room?.()
  }
}
