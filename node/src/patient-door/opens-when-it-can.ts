import { Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'

const tryEveryMs = 60_000
/**
 * Of an operating system that does not give the address: somebody else has it, or it is not (yet) of this machine. And of a
 * process that ended before it had one.
 */
const notGiven = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN', 'DOOR_ENDED'])

interface Door extends Required<Service> {
  /** It ended by itself. */
  onEnded?(listener: () => void): void
}

/**
 * A door for strangers that may stay shut: what the hospital does for other hospitals does not wait for it. Tried again
 * each minute; one that ended is opened again at once, unless it did not last a minute. Everything else that keeps it from
 * starting is thrown.
 */
export class OpensWhenItCan implements Service {
  readonly name: string
  readonly #door: Door
  readonly #deps: { clock: Clock; log: Logger }
  readonly #loop: Loop
  #closed: { readonly since: number; readonly reason: string } | undefined
  #openedAt = 0
  #opening: Promise<void> | undefined

  constructor(door: Door, deps: { clock: Clock; log: Logger }) {
    this.name = door.name
    this.#door = door
    this.#deps = deps
    this.#loop = new Loop(
      { name: this.name },
      {
        turn: async (signal) => {
          await deps.clock.sleep(tryEveryMs, signal)
          if (this.#closed !== undefined) await this.#open()
        },
        pause: async () => {},
        onError: (error) => this.#failed(error),
      },
    )
    door.onEnded?.(() => this.#ended())
  }

  /** Since when it is shut, and why (a code); undefined while it is open. */
  get closed(): { readonly since: number; readonly reason: string } | undefined {
    return this.#closed
  }

  async start(): Promise<void> {
    await this.#open()
    await this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#opening?.catch(() => {})
    await this.#door.stop()
  }

  #ended(): void {
    const now = this.#deps.clock.now()
    this.#closed = { since: now, reason: 'DOOR_ENDED' }
    if (now - this.#openedAt >= tryEveryMs) this.#open().catch((error: unknown) => this.#failed(error))
  }

  #failed(error: unknown): void {
    this.#deps.log.error('door for recipients not opened', { code: codeOf(error) })
  }

  #open(): Promise<void> {
    this.#opening ??= this.#tryToOpen().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async #tryToOpen(): Promise<void> {
    const { clock, log } = this.#deps
    try {
      await this.#door.start()
    } catch (error) {
      const reason = codeOf(error)
      if (!notGiven.has(reason)) throw error
      await this.#door.stop()
      this.#closed = { since: this.#closed?.since ?? clock.now(), reason }
      log.warn('door for recipients not opened', { code: reason })
      return
    }
    if (this.#closed !== undefined) log.info('door for recipients opened', {})
    this.#closed = undefined
    this.#openedAt = clock.now()
  }
}
