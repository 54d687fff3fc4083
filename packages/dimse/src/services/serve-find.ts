import { isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import type { DimseProvider, QueryRequest } from '../dimse-provider.ts'
import { dimseStatus } from '../status.ts'
import { iterate } from './iterate.ts'
import { answerTo, commentIn } from './operation.ts'
import type { Respond } from './operation.ts'

interface Deps {
  find: NonNullable<DimseProvider['find']>
  respond: Respond
  log: Logger
}

/** C-FIND (PS3.4 C.4.1): a pending response for each match, at the pace of the peer. */
export async function serveFind(request: QueryRequest, deps: Deps): Promise<void> {
  try {
    for await (const match of iterate(deps.find(request), request.signal)) {
      await deps.respond({ status: dimseStatus.pending, dataSet: match })
    }
  } catch (error) {
    if (isTwiinError(error, 'DIMSE_REMARK')) {
      return deps.respond({ status: dimseStatus.success, ...commentIn(error.facts) })
    }
    return deps.respond(answerTo(error, dimseStatus.cannotUnderstand, deps.log))
  }
  await deps.respond({ status: request.signal.aborted ? dimseStatus.cancelled : dimseStatus.success })
}
