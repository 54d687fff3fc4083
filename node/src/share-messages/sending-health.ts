import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Messengers } from './messengers.ts'

/** Fewer say something of one address, or of a moment. */
const mostInARow = 3

/** How it goes with messages of one kind: nobody notices a mail server that takes nothing, but who waits for a mail. */
export class SendingHealth {
  readonly #clock: Pick<Clock, 'now'>
  #failed = 0
  #inARow = 0
  #away: { readonly since: number; readonly reason: string } | undefined

  constructor(deps: { clock: Pick<Clock, 'now'> }) {
    this.#clock = deps.clock
  }

  /** Attempts that failed since the start. */
  get failed(): number {
    return this.#failed
  }

  /** When the last three attempts failed: since the first of those, and the reason of the last. */
  get away(): { readonly since: number; readonly reason: string } | undefined {
    return this.#inARow < mostInARow ? undefined : this.#away
  }

  /** Throws what `send` throws. */
  async attempt(send: () => Promise<void>): Promise<void> {
    try {
      await send()
      this.#inARow = 0
      this.#away = undefined
    } catch (error) {
      this.#failed++
      this.#inARow++
      this.#away = { since: this.#away?.since ?? this.#clock.now(), reason: reasonOf(error) }
      throw error
    }
  }
}

/** The same messengers, watched. */
export function watched(
  { mail, sms }: Messengers,
  health: { mail: SendingHealth; sms: SendingHealth },
): Messengers {
  return {
    ...(mail !== undefined && {
      mail: { send: (to, content) => health.mail.attempt(() => mail.send(to, content)) },
    }),
    ...(sms !== undefined && { sms: { send: (to, text) => health.sms.attempt(() => sms.send(to, text)) } }),
  }
}

/** A word of a closed list. */
function reasonOf(error: unknown): string {
  const { reason } = isTwiinError(error) ? error.facts : {}
  return typeof reason === 'string' ? reason : codeOf(error)
}
