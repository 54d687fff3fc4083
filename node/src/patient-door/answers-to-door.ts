import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { PatientDoor, Sight } from '../shares/patient-door.ts'
import type { Answer, Answers, Question, QuestionOf } from './door-messages.ts'
import { longestMs } from './sessions.ts'

/** Far more than a machine answers in a second. */
const mostAtOnce = 1000

type Answering = {
  readonly [Call in Question['call']]: (question: QuestionOf<Call>) => Promise<Answers[Call]>
}

/** A share that somebody was let into: until when a session of it may last, and what may still be noted of it. */
interface LetIn {
  until: number
  readonly sights: Record<Sight, number>
}

/**
 * What the node answers to the process of its door. That process faces strangers, and may fall into their hands: it learns of
 * no share, ends none and writes of none, but those that somebody with the second factor was let into, as long as a session
 * lasts; and of each it notes no more than there were sessions.
 */
export class AnswersToDoor {
  readonly #door: PatientDoor
  readonly #clock: Pick<Clock, 'now'>
  readonly #letIn = new Map<string, LetIn>()
  #underWay = 0
  readonly #answering: Answering = {
    askCode: async ({ link, from }) => void (await this.#door.askCode(link, from)),
    enter: async ({ link, proof, from }) => {
      const entered = await this.#door.enter(link, proof, from)
      if (entered.outcome === 'open') this.#lets(entered.shareId)
      return entered
    },
    // As of one that is over.
    opened: async ({ shareId }) =>
      this.#knownOf(shareId) === undefined ? undefined : this.#door.opened(shareId),
    history: async ({ shareId }) => {
      this.#known(shareId)
      return this.#door.history(shareId)
    },
    noted: async ({ shareId, what }) => {
      const { sights } = this.#known(shareId)
      if (sights[what] === 0) throw new TwiinError('NOT_FOUND')
      sights[what]--
      await this.#door.noted(shareId, what).catch((error: unknown) => {
        sights[what]++
        throw error
      })
      return undefined
    },
    block: async ({ shareId }) => {
      this.#known(shareId)
      await this.#door.block(shareId)
      return undefined
    },
  }

  constructor(deps: { door: PatientDoor; clock: Pick<Clock, 'now'> }) {
    this.#door = deps.door
    this.#clock = deps.clock
    deps.door.onOver((shareId) => this.#letIn.delete(shareId))
  }

  /** Rejects with a code: `BUSY`, `NOT_FOUND` for a share that nobody was let into, or whatever went wrong. */
  async answer(question: Question): Promise<Answer> {
    if (this.#underWay >= mostAtOnce) throw new TwiinError('BUSY')
    this.#underWay++
    try {
      const answer = this.#answering[question.call] as (question: Question) => Promise<Answer>
      return await answer(question)
    } finally {
      this.#underWay--
    }
  }

  /** A process ended, and all sessions with it. */
  forget(): void {
    this.#letIn.clear()
  }

  #lets(shareId: string): void {
    const { viewed, downloaded } = this.#knownOf(shareId)?.sights ?? { viewed: 0, downloaded: 0 }
    this.#letIn.set(shareId, {
      until: this.#clock.now() + longestMs,
      sights: { viewed: viewed + 1, downloaded: downloaded + 1 },
    })
  }

  #knownOf(shareId: string): LetIn | undefined {
    const known = this.#letIn.get(shareId)
    if (known === undefined || known.until > this.#clock.now()) return known
    this.#letIn.delete(shareId)
    return undefined
  }

  #known(shareId: string): LetIn {
    const known = this.#knownOf(shareId)
    if (known === undefined) throw new TwiinError('NOT_FOUND')
    return known
  }
}
