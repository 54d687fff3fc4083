import type { Clock, Logger } from '@twiin/runtime'
import type { FromDoor, Line } from './door-messages.ts'

const mostASecond = 20

/** Lines of the door, in the node's log: so many a second, and how many were left out. */
export class DoorLog {
  readonly #log: Logger
  readonly #clock: Pick<Clock, 'now'>
  #second = 0
  #lines = 0
  #leftOut = 0

  constructor(deps: { log: Logger; clock: Pick<Clock, 'now'> }) {
    this.#log = deps.log.child({ part: 'door' })
    this.#clock = deps.clock
  }

  write({ level, event, facts }: Line): void {
    const second = Math.floor(this.#clock.now() / 1000)
    if (second !== this.#second) {
      if (this.#leftOut > 0) this.#log.warn('lines of the door left out', { lines: this.#leftOut })
      this.#second = second
      this.#lines = 0
      this.#leftOut = 0
    }
    if (this.#lines >= mostASecond) this.#leftOut++
    else {
      this.#lines++
      this.#log[level](event, facts)
    }
  }
}

const levels = ['debug', 'info', 'warn', 'error'] as const

/** A log whose lines the node writes, from this level on. */
export function logOver(send: (message: FromDoor) => void, least: string): Logger {
  const from = levels.findIndex((level) => level === least)
  const say = (level: Line['level']): Logger['info'] =>
    levels.indexOf(level) < from
      ? () => {}
      : (event, facts = {}) => send({ kind: 'log', level, event: event.slice(0, 200), facts: short(facts) })
  return {
    ...{ debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    child: () => logOver(send, least),
  }
}

const short = (facts: Readonly<Record<string, string | number | boolean | undefined>>): Line['facts'] =>
  Object.fromEntries(
    Object.entries(facts)
      .filter((fact): fact is [string, string | number | boolean] => fact[1] !== undefined)
      .slice(0, 10)
      .map(([name, fact]) => [name.slice(0, 64), typeof fact === 'string' ? fact.slice(0, 200) : fact]),
  )
