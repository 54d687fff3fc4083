import { TwiinError } from '@twiin/runtime'

export type WriteOp = { type: 'put'; key: string; value: Buffer } | { type: 'del'; key: string }

interface Waiting {
  ops: readonly WriteOp[]
  resolve: () => void
  reject: (error: unknown) => void
}

/** So many operations in one synced write; what waits longer goes with the next. */
const maxGroup = 4096

/**
 * One fsync for all who wait for one. While a group is being written the next one gathers; groups, and the callers
 * within them, keep their order, and one caller's operations are never split. When a write fails, everything behind it
 * fails too: it may have been computed from what did not get stored.
 */
export class GroupCommit {
  readonly #write: (ops: WriteOp[]) => Promise<void>
  #waiting: Waiting[] = []
  #running = false
  #generation = 0
  #onTheirWay = new Map<string, WriteOp>()

  constructor(write: (ops: WriteOp[]) => Promise<void>) {
    this.#write = write
  }

  /** Grows when a write failed: values seen `onItsWay` before that may never have been stored. */
  get generation(): number {
    return this.#generation
  }

  /** The newest operation on `key` that is accepted but not yet durable. */
  onItsWay(key: string): WriteOp | undefined {
    return this.#onTheirWay.get(key)
  }

  /** Resolves when these operations, and all that were added before, are on disk. */
  add(ops: readonly WriteOp[], basedOn = this.#generation): Promise<void> {
    if (basedOn !== this.#generation) return Promise.reject(new TwiinError('WRITE_INTERRUPTED'))
    return new Promise((resolve, reject) => {
      for (const op of ops) this.#onTheirWay.set(op.key, op)
      this.#waiting.push({ ops, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      const ops = group.flatMap((member) => member.ops)
      try {
        if (ops.length > 0) await this.#write(ops)
        for (const op of ops) if (this.#onTheirWay.get(op.key) === op) this.#onTheirWay.delete(op.key)
        for (const member of group) member.resolve()
      } catch (error) {
        this.#generation++
        this.#onTheirWay.clear()
        for (const member of [...group, ...this.#waiting.splice(0)]) member.reject(error)
      }
    }
    this.#running = false
  }

  #nextGroup(): Waiting[] {
    let ops = 0
    const end = this.#waiting.findIndex((member) => (ops += member.ops.length) > maxGroup)
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end))
  }
}
