import { TwiinError } from '@twiin/runtime'
import type { Entered, Network, OpenShare, PatientDoor, Proof } from '../shares/patient-door.ts'
import type { FromDoor, Question, ToDoor } from './door-messages.ts'

type Answer = Entered | OpenShare | undefined
type Waiting = ReturnType<typeof Promise.withResolvers<Answer>>

/** Shares as the process of the door sees them: each question goes to the node, which answers it. */
export class FarShares implements PatientDoor {
  readonly #send: (message: FromDoor) => void
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners: ((shareId: string) => void)[] = []
  #asked = 0

  constructor(deps: { send: (message: FromDoor) => void }) {
    this.#send = deps.send
  }

  async askCode(link: string, from: Network): Promise<void> {
    await this.#ask({ call: 'askCode', link, from })
  }

  async enter(link: string, proof: Proof, from: Network): Promise<Entered> {
    return (await this.#ask({ call: 'enter', link, proof, from })) as Entered
  }

  async opened(shareId: string): Promise<OpenShare | undefined> {
    return (await this.#ask({ call: 'opened', shareId })) as OpenShare | undefined
  }

  async noted(shareId: string, what: 'viewed' | 'downloaded'): Promise<void> {
    await this.#ask({ call: 'noted', shareId, what })
  }

  async block(shareId: string): Promise<void> {
    await this.#ask({ call: 'block', shareId })
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

  #ask(question: Question): Promise<Answer> {
    const waiting: Waiting = Promise.withResolvers()
    const id = this.#asked++
    this.#waiting.set(id, waiting)
    this.#send({ kind: 'ask', id, question })
    return waiting.promise
  }
}
