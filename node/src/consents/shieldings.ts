import type { Bsn } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import type { Repository } from '@twiin/store'

/** What the index shows of a shielded patient: nothing, or that this hospital holds something. */
export const indexChoices = ['hidden', 'pointer'] as const
export type IndexChoice = (typeof indexChoices)[number]

/** The mark of a patient whom the curious look for (spec 08 §7). */
export interface Shielding {
  readonly index: IndexChoice
  /** Milliseconds since the Unix epoch. */
  readonly since: number
  /** Id of the user who marked. */
  readonly by: string
}

/** Who is shielded at this hospital. */
export class Shieldings {
  readonly #marks: Repository<Shielding>
  readonly #clock: Pick<Clock, 'now'>
  readonly #listeners: ((bsn: Bsn) => void)[] = []

  constructor(deps: { marks: Repository<Shielding>; clock: Pick<Clock, 'now'> }) {
    this.#marks = deps.marks
    this.#clock = deps.clock
  }

  of(bsn: Bsn): Promise<Shielding | undefined> {
    return this.#marks.get(bsn)
  }

  /** Durable when it resolves; from then on every decision goes by it. */
  async mark(bsn: Bsn, { index, by }: Pick<Shielding, 'index' | 'by'>): Promise<Shielding> {
    const mark = { index, by, since: this.#clock.now() }
    await this.#marks.put(bsn, mark)
    this.#tell(bsn)
    return mark
  }

  async remove(bsn: Bsn): Promise<void> {
    await this.#marks.delete(bsn)
    this.#tell(bsn)
  }

  onChange(listener: (bsn: Bsn) => void): void {
    this.#listeners.push(listener)
  }

  #tell(bsn: Bsn): void {
    for (const listener of this.#listeners) listener(bsn)
  }
}
