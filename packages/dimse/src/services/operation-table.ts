/** A request of the peer that runs, from its command to its final response. */
export interface Operation {
  /** Fires on C-CANCEL and when the association ends. */
  readonly signal: AbortSignal
  /** It waits for something that only the peer can send: until it is over, reading must go on. */
  needsPeer: boolean
  /** Does the work and ends. */
  run(work: () => Promise<void>): Promise<void>
  /** Without having done any. */
  end(): void
}

/** The requests that run at once on one association: as many as were negotiated. */
export class OperationTable {
  readonly #window: number
  readonly #running = new Map<
    number,
    { operation: Operation; cancel: AbortController; ended: Promise<void> }
  >()

  constructor(options: { window: number }) {
    this.#window = options.window
  }

  get size(): number {
    return this.#running.size
  }

  has(messageId: number): boolean {
    return this.#running.has(messageId)
  }

  /**
   * Waits for room, which is the back-pressure to a peer that asks for more than it negotiated; undefined when waiting would
   * be for ever, because what runs needs the peer to be read.
   */
  async begin(messageId: number): Promise<Operation | undefined> {
    while (this.#running.size >= this.#window) {
      const running = [...this.#running.values()]
      if (running.some(({ operation }) => operation.needsPeer)) return undefined
      await Promise.race(running.map(({ ended }) => ended))
    }
    const cancel = new AbortController()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const end = () => {
      this.#running.delete(messageId)
      resolve()
    }
    const operation: Operation = {
      signal: cancel.signal,
      needsPeer: false,
      run: (work) => work().finally(end),
      end,
    }
    this.#running.set(messageId, { operation, cancel, ended })
    return operation
  }

  /** A C-CANCEL for what has ended already is no mistake. */
  cancel(messageId: number | undefined): void {
    this.#running.get(messageId ?? 0)?.cancel.abort()
  }

  async close(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { cancel } of running) cancel.abort()
    await Promise.all(running.map(({ ended }) => ended))
  }
}
