import type { Clock, Logger } from '@twiin/runtime'
import type { OutgoingInstance } from '../retrieval.ts'
import type { DimseProvider, QueryRequest } from '../dimse-provider.ts'
import type { SubOperations } from '../retrieval.ts'
import { dimseStatus, isStored } from '../status.ts'
import type { StoreStatus } from '../status.ts'
import { iterate } from './iterate.ts'
import { answerTo } from './operation.ts'
import type { Respond } from './operation.ts'
import { RetrievalProgress, progressMs } from './retrieval-progress.ts'

interface Deps {
  get: NonNullable<DimseProvider['get']>
  /** Sends one instance back; undefined when the peer did not offer to receive its class in its syntax. */
  store: (instance: OutgoingInstance) => Promise<StoreStatus | undefined>
  respond: Respond
  clock: Clock
  log: Logger
}

/** How many failed ones are remembered for the final response: more do not fit in it. */
const maxListed = 4096

/** C-GET (PS3.4 C.4.3): each instance comes back as a C-STORE sub-operation on the same association. */
export async function serveGet(request: QueryRequest, deps: Deps): Promise<void> {
  const progress = new RetrievalProgress(request, deps)
  const failedSopInstanceUids: string[] = []
  let now: SubOperations = { remaining: 0, completed: 0, failed: 0, warning: 0, failedSopInstanceUids }
  try {
    const beat = { everyMs: progressMs.atLeast, clock: deps.clock }
    for await (const instance of iterate(deps.get(request), request.signal, beat)) {
      if (instance === undefined) {
        await progress.tell()
        continue
      }
      const status = 'unavailable' in instance ? undefined : await deps.store(instance)
      const { remaining = 0 } = instance
      if (status === dimseStatus.success) now = { ...now, remaining, completed: now.completed + 1 }
      else if (status !== undefined && isStored(status)) now = { ...now, remaining, warning: now.warning + 1 }
      else {
        now = { ...now, remaining, failed: now.failed + 1 }
        if (failedSopInstanceUids.length < maxListed) failedSopInstanceUids.push(instance.sopInstanceUid)
      }
      await progress.tell(now)
    }
  } catch (error) {
    const failure = answerTo(error, dimseStatus.unableToPerformSubOperations, deps.log)
    return progress.end({ failure })
  }
  await progress.end({ cancelled: request.signal.aborted })
}
