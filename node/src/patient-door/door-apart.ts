import type { Clock, Logger, Service } from '@twiin/runtime'
import type { PatientDoor } from '../shares/patient-door.ts'
import { DoorChild } from './door-child.ts'
import type { DoorChildOptions } from './door-child.ts'
import { NearShares } from './near-shares.ts'

/** The pages for recipients, in a process of their own (spec 25 §5, ADR 0027): this is the node's side of it. */
export class DoorApart implements Service {
  readonly name = 'patient-pages'
  readonly #options: DoorChildOptions
  readonly #deps: { shares: NearShares; clock: Clock; log: Logger }
  readonly #listeners: (() => void)[] = []
  #child: DoorChild | undefined
  #port = 0

  constructor(
    options: DoorChildOptions,
    { door, clock, log }: { door: PatientDoor; clock: Clock; log: Logger },
  ) {
    this.#options = options
    this.#deps = { shares: new NearShares({ door }), clock, log }
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
    const child = new DoorChild(this.#options, this.#deps)
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

  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    await child?.stop()
  }
}
