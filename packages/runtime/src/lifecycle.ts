/** A part of a process that is started and stopped. */
export interface Service {
  readonly name: string
  start?(): Promise<void>
  stop?(): Promise<void>
}

/**
 * Starts services in the given order and stops them in exactly the reverse order.
 * A start that fails stops what already ran, then throws. A stop that fails does not keep the others from stopping.
 */
export class Lifecycle {
  #running: Service[] = []
  readonly #services: readonly Service[]
  readonly #onStopError: (service: string, error: unknown) => void

  constructor(
    services: readonly Service[],
    onStopError: (service: string, error: unknown) => void = () => {},
  ) {
    this.#services = services
    this.#onStopError = onStopError
  }

  async start(): Promise<void> {
    for (const service of this.#services) {
      try {
        await service.start?.()
        this.#running.push(service)
      } catch (error) {
        await this.stop()
        throw error
      }
    }
  }

  async stop(): Promise<void> {
    for (const service of this.#running.splice(0).reverse()) {
      try {
        await service.stop?.()
      } catch (error) {
        this.#onStopError(service.name, error)
      }
    }
  }
}

/**
 * A loop in the background that ends on stop: runs `turn`, waits, runs again. `turn` handles its own errors;
 * one that escapes goes to `onError` and the loop goes on.
 */
export class Loop implements Service {
  readonly name: string
  readonly #turn: (signal: AbortSignal) => Promise<void>
  readonly #pause: (signal: AbortSignal) => Promise<void>
  readonly #onError: (error: unknown) => void
  #stopping = new AbortController()
  #done: Promise<void> = Promise.resolve()

  constructor(
    options: { name: string },
    deps: {
      turn: (signal: AbortSignal) => Promise<void>
      pause: (signal: AbortSignal) => Promise<void>
      onError: (error: unknown) => void
    },
  ) {
    this.name = options.name
    this.#turn = deps.turn
    this.#pause = deps.pause
    this.#onError = deps.onError
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#done = this.#run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#done
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#turn(signal)
      } catch (error) {
        if (!signal.aborted) this.#onError(error)
      }
      await this.#pause(signal).catch(() => {})
    }
  }
}
