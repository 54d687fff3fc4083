import type { ManifestInstance } from '@twiin/protocol'
import type { ReceivingStudy } from './ports.ts'

/** An instance that is still missing, and how often it came with the wrong digest. */
export interface Missing {
  readonly instance: ManifestInstance
  mismatches: number
}

/** What is missing of a study, shared by the lanes: each takes the next few, and gives back what it did not get. */
export class WorkList {
  readonly #todo: Missing[]
  readonly #wantedFirst: () => ReadonlySet<string>

  /** `wantedFirst`: SOP Instance UIDs somebody waits for; asked whenever some are taken. */
  constructor(missing: readonly Missing[], wantedFirst: () => ReadonlySet<string> = () => new Set()) {
    this.#todo = [...missing]
    this.#wantedFirst = wantedFirst
  }

  static async of(
    instances: readonly ManifestInstance[],
    store: ReceivingStudy,
    wantedFirst?: () => ReadonlySet<string>,
  ): Promise<WorkList> {
    const missing: Missing[] = []
    for (const instance of instances)
      if (!(await store.has(instance))) missing.push({ instance, mismatches: 0 })
    return new WorkList(missing, wantedFirst)
  }

  get size(): number {
    return this.#todo.length
  }
  get bytes(): number {
    return this.#todo.reduce((sum, { instance }) => sum + instance.bytes, 0)
  }

  /** At least one while there is one, then up to `count` and as long as they stay below `bytes`. */
  take(count: number, bytes: number): Missing[] {
    const wanted = this.#wantedFirst()
    if (wanted.size > 0) {
      const isWanted = ({ instance }: Missing) => wanted.has(instance.sopInstanceUid)
      const [first, rest] = [this.#todo.filter(isWanted), this.#todo.filter((one) => !isWanted(one))]
      this.#todo.splice(0, this.#todo.length, ...first, ...rest)
    }
    let taken = 0
    let sum = 0
    while (taken < count && taken < this.#todo.length && (taken === 0 || sum < bytes))
      sum += this.#todo[taken++]?.instance.bytes ?? 0
    return this.#todo.splice(0, taken)
  }

  giveBack(missing: readonly Missing[]): void {
    this.#todo.unshift(...missing)
  }
}
