import { TwiinError } from '@twiin/runtime'
import type {
  Entered,
  Happening,
  Network,
  OpenShare,
  PatientDoor,
  Proof,
  Sight,
} from '../shares/patient-door.ts'
import { longestText } from './door-messages.ts'
import type { Answer, Answers, FromDoor, Question, QuestionOf, ToDoor } from './door-messages.ts'

/** Of them each has a browser that waits; answers to all are some hundred kilobytes. */
const mostWaiting = 500

type Waiting = ReturnType<typeof Promise.withResolvers<Answer>>

/** Shares as the process of the door has them: each question goes to the node, which answers it. Throws BUSY. */
export class SharesOverPipe implements PatientDoor {
  readonly #send: (message: FromDoor) => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #opened = new Map<string, Promise<OpenShare | undefined>>()
  readonly #listeners: ((shareId: string) => void)[] = []
  #asked = 0

  constructor(deps: { send: (message: FromDoor) => void }) {
    this.#send = deps.send
  }

  askCode(link: string, from: Network): Promise<void> {
    return this.#ask({ call: 'askCode', link: short(link), from: short(from) })
  }

  enter(link: string, proof: Proof, from: Network): Promise<Entered> {
    const shown = 'code' in proof ? { code: short(proof.code) } : { bsn: short(proof.bsn) }
    return this.#ask({ call: 'enter', link: short(link), proof: shown, from: short(from) })
  }

  /** Who asks while it is being asked gets the same answer: a browser that sends a thousand requests is one question. */
  opened(shareId: string): Promise<OpenShare | undefined> {
    const asked = this.#opened.get(shareId)
    if (asked !== undefined) return asked
    const asking = this.#ask({ call: 'opened', shareId }).finally(() => this.#opened.delete(shareId))
    this.#opened.set(shareId, asking)
    return asking
  }

  history(shareId: string): Promise<readonly Happening[]> {
    return this.#ask({ call: 'history', shareId })
  }

  noted(shareId: string, what: Sight): Promise<void> {
    return this.#ask({ call: 'noted', shareId, what })
  }

  block(shareId: string): Promise<void> {
    return this.#ask({ call: 'block', shareId })
  }

  onOver(listener: (shareId: string) => void): void {
    this.#listeners.push(listener)
  }

  heard(message: Extract<ToDoor, { kind: 'answer' | 'refusal' | 'over' }>): void {
    if (message.kind === 'over') {
      for (const listener of this.#listeners) listener(message.shareId)
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.kind === 'answer') waiting?.resolve(message.value)
    else waiting?.reject(new TwiinError(message.code))
  }

  async #ask<Call extends Question['call']>(
    question: QuestionOf<Call> & { call: Call },
  ): Promise<Answers[Call]> {
    if (this.#waiting.size >= mostWaiting) throw new TwiinError('BUSY')
    const waiting: Waiting = Promise.withResolvers()
    const id = this.#asked++
    this.#waiting.set(id, waiting)
    this.#send({ kind: 'ask', id, question })
    return waiting.promise as Promise<Answers[Call]>
  }
}

/** What comes from a browser or a proxy may be longer than the node listens to; then it is of nobody. */
const short = (text: string): string => text.slice(0, longestText)
