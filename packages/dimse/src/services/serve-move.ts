import type { Clock, Logger } from '@twiin/runtime'
import type { DimseProvider, MoveRequest } from '../dimse-provider.ts'
import { dimseStatus } from '../status.ts'
import { iterate } from './iterate.ts'
import { answerTo } from './operation.ts'
import type { Respond } from './operation.ts'
import { RetrievalProgress, progressMs } from './retrieval-progress.ts'

interface Deps {
  move: NonNullable<DimseProvider['move']>
  respond: Respond
  clock: Clock
  log: Logger
}

/** C-MOVE (PS3.4 C.4.2): the provider sends, the peer hears how far it is. */
export async function serveMove(request: MoveRequest, deps: Deps): Promise<void> {
  const progress = new RetrievalProgress(request, deps)
  try {
    const beat = { everyMs: progressMs.atLeast, clock: deps.clock }
    for await (const now of iterate(deps.move(request), request.signal, beat)) await progress.tell(now)
  } catch (error) {
    const failure = answerTo(error, dimseStatus.unableToPerformSubOperations, deps.log)
    return progress.end({ failure })
  }
  await progress.end({ cancelled: request.signal.aborted })
}
