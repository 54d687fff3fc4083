import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { PatientDoor } from '../shares/patient-door.ts'
import { AnswersToDoor } from './answers-to-door.ts'
import { DoorChild } from './door-child.ts'
import type { DoorChildOptions } from './door-child.ts'

/** The pages for recipients, in a process of their own (spec 25 §5, ADR 0027): this is the node's side of it. */
export class DoorApart implements Service {
  readonly name = 'patient-pages'
  readonly #options: DoorChildOptions
  readonly #deps: { shares: AnswersToDoor; clock: Clock; log: Logger }
  readonly #listeners: (() => void)[] = []
  #child: DoorChild | undefined
  #port = 0

  constructor(
    options: DoorChildOptions,
    { door, clock, log }: { door: PatientDoor; clock: Clock; log: Logger },
  ) {
    this.#options = options
    this.#deps = { shares: new AnswersToDoor({ door, clock }), clock, log }
    door.onOver((shareId) => this.#child?.tell({ kind: 'over', shareId }))
  }

  /** The port listened on; 0 before `start`. */
  get port(): number {
    return this.#port
  }

  /** Of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Called when a process ends that was open, and that nobody stopped. */
  onEnded(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Resolves when somebody may knock. Throws the code by which the address was not given, or `DOOR_ENDED`. */
  async start(): Promise<void> {
    // No session of another process counts in this one.
    this.#deps.shares.forget()
    const child = this.#begin()
    this.#child = child
    try {
      this.#port = await child.opened
    } catch (error) {
      await this.stop()
      throw error
    }
    void child.ended.then((how) => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#deps.log.error('door for recipients ended', how)
      for (const listener of this.#listeners) listener()
    })
  }

  /** A machine without room for one more process throws at once. */
  #begin(): DoorChild {
    try {
      return new DoorChild(this.#options, this.#deps)
    } catch (error) {
      this.#deps.log.error('door for recipients not started', { code: codeOf(error) })
      throw new TwiinError('DOOR_ENDED')
    }
  }

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    await child?.stop()
  }
}
