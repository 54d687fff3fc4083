import { Loop, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'

const tryEveryMs = 60_000
/** Of an operating system that does not give the address: somebody else has it, or it is not (yet) of this machine. */
const notGiven = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN'])

/**
 * A door for strangers that may stay shut: what the hospital does for other hospitals does not wait for it. Tried again
 * each minute. Everything else that keeps it from starting is thrown.
 */
export class OpensWhenItCan implements Service {
  readonly name: string
  readonly #door: Required<Service>
  readonly #deps: { clock: Clock; log: Logger }
  readonly #loop: Loop
  #closed: { readonly since: number; readonly reason: string } | undefined

  constructor(door: Required<Service>, deps: { clock: Clock; log: Logger }) {
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
        onError: (error) => deps.log.error('door for recipients not opened', { code: codeOf(error) }),
      },
    )
  }

  /** Since when it is shut, and why (a code); undefined while it is open. */
  get closed(): { readonly since: number; readonly reason: string } | undefined {
    return this.#closed
  }

  async start(): Promise<void> {
    await this.#open()
    if (this.#closed !== undefined) await this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#door.stop()
  }

  async #open(): Promise<void> {
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
  }
}
