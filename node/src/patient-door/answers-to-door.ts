import { TwiinError } from '@twiin/runtime'
import type { PatientDoor } from '../shares/patient-door.ts'
import type { Answer, Answers, Question, QuestionOf } from './door-messages.ts'

/** Far more than a machine answers in a second. */
const mostAtOnce = 1000

type Answering = {
  readonly [Call in Question['call']]: (question: QuestionOf<Call>) => Promise<Answers[Call]>
}

/**
 * What the node answers to the process of its door. That process faces strangers, and may fall into their hands: it learns of
 * no share, ends none and writes of none, but those that somebody with the second factor was let into.
 */
export class AnswersToDoor {
  readonly #answering: Answering
  readonly #letIn = new Set<string>()
  #underWay = 0

  constructor({ door }: { door: PatientDoor }) {
    door.onOver((shareId) => this.#letIn.delete(shareId))
    this.#answering = {
      askCode: async ({ link, from }) => void (await door.askCode(link, from)),
      enter: async ({ link, proof, from }) => {
        const entered = await door.enter(link, proof, from)
        if (entered.outcome === 'open') this.#letIn.add(entered.shareId)
        return entered
      },
      // As of one that is over.
      opened: async ({ shareId }) => (this.#letIn.has(shareId) ? door.opened(shareId) : undefined),
      noted: async ({ shareId, what }) => void (await door.noted(this.#known(shareId), what)),
      block: async ({ shareId }) => void (await door.block(this.#known(shareId))),
    }
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

  #known(shareId: string): string {
    if (!this.#letIn.has(shareId)) throw new TwiinError('NOT_FOUND')
    return shareId
  }
}
