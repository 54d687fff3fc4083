import type { Clock } from '@twiin/runtime'
import type { SubOperations } from '../retrieval.ts'
import { dimseStatus } from '../status.ts'
import type { Answer, Respond } from './operation.ts'
import { DataSetWriter, encodingOf } from './small-data-set.ts'

const failedSopInstanceUidList = 0x00080058
/** The length of a UI in Explicit VR has two bytes. */
const maxListBytes = 65_534

/** How often the peer hears where a retrieval stands, at most; and, when nothing happens, at least. */
export const progressMs = { atMost: 1000, atLeast: 5000 } as const

/** The responses to one C-MOVE or C-GET (PS3.4 C.4.2.3.1, C.4.3.3.1). */
export class RetrievalProgress {
  readonly #transferSyntaxUid: string
  readonly #respond: Respond
  readonly #clock: Clock
  #last: SubOperations | undefined
  #toldAt = -Infinity

  constructor(options: { transferSyntaxUid: string }, deps: { respond: Respond; clock: Clock }) {
    this.#transferSyntaxUid = options.transferSyntaxUid
    this.#respond = deps.respond
    this.#clock = deps.clock
  }

  /** Without `now`, only that it still stands where it stood. */
  async tell(now?: SubOperations): Promise<void> {
    this.#last = now ?? this.#last
    if (this.#last === undefined || this.#clock.now() - this.#toldAt < progressMs.atMost) return
    this.#toldAt = this.#clock.now()
    const { remaining, completed, failed, warning } = this.#last
    await this.#respond({ status: dimseStatus.pending, counters: { remaining, completed, failed, warning } })
  }

  async end(how: { cancelled: boolean } | { failure: Answer }): Promise<void> {
    const last = this.#last ?? { remaining: 0, completed: 0, failed: 0, warning: 0 }
    const { completed, failed, warning } = last
    const answer = 'failure' in how ? how.failure : { status: finalStatus(last, how.cancelled) }
    const unfinished = answer.status === dimseStatus.cancelled && { remaining: last.remaining }
    const dataSet = this.#listOf(last.failedSopInstanceUids ?? [])
    await this.#respond({
      ...answer,
      counters: { ...unfinished, completed, failed, warning },
      ...(dataSet !== undefined && { dataSet }),
    })
  }

  #listOf(uids: readonly string[]): Buffer | undefined {
    const encoding = encodingOf(this.#transferSyntaxUid)
    if (encoding === undefined) return undefined
    let bytes = 0
    const fitting = uids.filter((uid) => (bytes += uid.length + 1) <= maxListBytes)
    if (fitting.length === 0) return undefined
    const writer = new DataSetWriter(encoding)
    writer.uids(failedSopInstanceUidList, fitting)
    return writer.end()
  }
}

function finalStatus({ completed, failed, warning }: SubOperations, cancelled: boolean): number {
  if (cancelled) return dimseStatus.cancelled
  if (failed === 0 && warning === 0) return dimseStatus.success
  return completed + warning === 0
    ? dimseStatus.unableToPerformSubOperations
    : dimseStatus.subOperationsWithFailures
}
