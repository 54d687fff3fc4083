import { codeOf, doubled } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'

const tryEveryMs = 60_000
/** After the first end; each that follows soon waits twice as long as the one before. */
const firstPauseMs = 1000
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
 * each minute; one that ended is opened again after a second, and later when it ends again and again. Everything else that
 * keeps it from starting is thrown.
 */
export class OpensWhenItCan implements Service {
  readonly name: string
  readonly #door: Door
  readonly #deps: { clock: Clock; log: Logger }
  readonly #stopping = new AbortController()
  #closed: { readonly since: number; readonly reason: string } | undefined
  #openedAt = 0
  /** Ends since it last stood for a minute. */
  #ends = 0
  #trying: Promise<void> = Promise.resolve()

  constructor(door: Door, deps: { clock: Clock; log: Logger }) {
    this.name = door.name
    this.#door = door
    this.#deps = deps
    door.onEnded?.(() => this.#ended())
  }

  /** Since when it is shut, and why (a code); undefined while it is open. */
  get closed(): { readonly since: number; readonly reason: string } | undefined {
    return this.#closed
  }

  async start(): Promise<void> {
    await this.#open()
    if (this.#closed !== undefined) this.#tryAfter(tryEveryMs)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    // One that is being opened as well: whoever waits for it hears of that.
    await this.#door.stop()
    await this.#trying
  }

  #ended(): void {
    const now = this.#deps.clock.now()
    this.#closed = { since: now, reason: 'DOOR_ENDED' }
    if (now - this.#openedAt >= tryEveryMs) this.#ends = 0
    this.#tryAfter(doubled(this.#ends++, { firstMs: firstPauseMs, mostMs: tryEveryMs }))
  }

  /** One after the other: an end that comes while it is being opened waits for what comes of that. */
  #tryAfter(pauseMs: number): void {
    const { signal } = this.#stopping
    const due = this.#deps.clock.sleep(pauseMs, signal)
    due.catch(() => {})
    this.#trying = this.#trying
      .then(() => due)
      .then(() => (this.#closed === undefined || signal.aborted ? undefined : this.#open()))
      .catch((error: unknown) => {
        if (!signal.aborted) this.#deps.log.error('door for recipients not opened', { code: codeOf(error) })
      })
      .then(() => {
        if (this.#closed !== undefined && !signal.aborted) this.#tryAfter(tryEveryMs)
      })
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
    this.#openedAt = clock.now()
  }
}
