import type { Publication, PublicationState } from './ports.ts'

type Change = (get: (patientKey: string) => Publication | undefined) => readonly Publication[]
interface Request {
  readonly keys: readonly string[]
  readonly change: Change
  readonly settle: PromiseWithResolvers<void>
}

/**
 * Changes to publications, one after another and durable when they resolve. What is asked while the disk is busy is
 * written together: one fsync for all.
 */
export class PublicationBook {
  readonly #state: PublicationState
  #waiting: Request[] = []
  #writing = false

  constructor(state: PublicationState) {
    this.#state = state
  }

  /** `change` sees the publications of `keys` as all earlier changes left them, and returns those that differ. */
  update(keys: readonly string[], change: Change): Promise<void> {
    const settle = Promise.withResolvers<void>()
    this.#waiting.push({ keys, change, settle })
    if (!this.#writing) void this.#write()
    return settle.promise
  }

  async #write(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0)
      try {
        await this.#writeGroup(group)
        for (const { settle } of group) settle.resolve()
      } catch (error) {
        for (const { settle } of group) settle.reject(error)
      }
    }
    this.#writing = false
  }

  async #writeGroup(group: readonly Request[]): Promise<void> {
    const keys = new Set(group.flatMap(({ keys }) => keys))
    const known = new Map<string, Publication | undefined>()
    for (const key of keys) known.set(key, await this.#state.get(key))
    const changed = new Set<string>()
    for (const { change } of group) {
      for (const publication of change((key) => known.get(key))) {
        known.set(publication.patientKey, publication)
        changed.add(publication.patientKey)
      }
    }
    const written = [...changed].flatMap((key) => known.get(key) ?? [])
    const [over, kept] = [written.filter(isOver), written.filter((publication) => !isOver(publication))]
    if (kept.length > 0) await this.#state.putAll(kept)
    for (const { patientKey } of over) await this.#state.delete(patientKey)
  }
}

/** Withdrawn, and every replica has had time to forget it: nothing is left to remember. */
const isOver = ({ studies, entries }: Publication) => studies === undefined && entries.length === 0
