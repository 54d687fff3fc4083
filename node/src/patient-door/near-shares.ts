import { TwiinError } from '@twiin/runtime'
import type { Entered, OpenShare, PatientDoor } from '../shares/patient-door.ts'
import type { Question } from './door-messages.ts'

/** Far more than a machine answers in a second. */
const mostAtOnce = 1000

/**
 * The node's answers to the process of its door. That process faces strangers, and may fall: it learns of no share, ends
 * none and writes of none, but those that somebody with the second factor was let into.
 */
export class NearShares {
  readonly #door: PatientDoor
  readonly #let = new Set<string>()
  #under = 0

  constructor(deps: { door: PatientDoor }) {
    this.#door = deps.door
    deps.door.onOver((shareId) => this.#let.delete(shareId))
  }

  /** Rejects with a code: `BUSY`, `NOT_FOUND` for a share that nobody was let into, or whatever went wrong. */
  async answer(question: Question): Promise<Entered | OpenShare | undefined> {
    if (this.#under >= mostAtOnce) throw new TwiinError('BUSY')
    this.#under++
    try {
      return await this.#ask(question)
    } finally {
      this.#under--
    }
  }

  async #ask(question: Question): Promise<Entered | OpenShare | undefined> {
    const door = this.#door
    switch (question.call) {
      case 'askCode':
        await door.askCode(question.link, question.from)
        return undefined
      case 'enter': {
        const entered = await door.enter(question.link, question.proof, question.from)
        if (entered.outcome === 'open') this.#let.add(entered.shareId)
        return entered
      }
      case 'opened':
        return this.#let.has(question.shareId) ? door.opened(question.shareId) : undefined
      case 'noted':
        return void (await door.noted(this.#known(question.shareId), question.what))
      case 'block':
        return void (await door.block(this.#known(question.shareId)))
    }
  }

  #known(shareId: string): string {
    if (!this.#let.has(shareId)) throw new TwiinError('NOT_FOUND')
    return shareId
  }
}
