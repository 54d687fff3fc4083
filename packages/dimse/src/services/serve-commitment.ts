import type { Logger } from '@twiin/runtime'
import type { CommitmentResult } from '../commitment.ts'
import { dimseError } from '../dimse-error.ts'
import type { DimseProvider } from '../dimse-provider.ts'
import { commandField } from '../messages/command-set.ts'
import type { Invocations } from '../messages/invocations.ts'
import { dimseStatus } from '../status.ts'
import { storageCommitmentPush, wellKnownCommitmentInstance } from '../uids.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'
import {
  decodeCommitmentRequest,
  decodeCommitmentResult,
  encodeCommitmentResult,
} from './commitment-data-set.ts'
import type { Operation } from './operation-table.ts'
import { answerTo } from './operation.ts'
import type { Respond } from './operation.ts'
import type { IncomingRequest } from './incoming-request.ts'
import { encodingOf } from './small-data-set.ts'

type Incoming = IncomingRequest & { dataSet: Buffer }

interface Deps {
  operation: Operation
  respond: Respond
  log: Logger
}

/** N-ACTION: somebody wants our word that its objects are kept (PS3.4 J.3.2). */
export async function serveCommitment(
  { context, association, dataSet, subOperationMs }: Incoming,
  deps: Deps & {
    commit: NonNullable<DimseProvider['commit']>
    invocations: Invocations
    responded: Promise<void>
  },
): Promise<void> {
  const { operation, respond, responded, invocations } = deps
  const reply = async (result: CommitmentResult) => {
    await responded
    const { status = 0 } = await invocations.request(await reportRequest(result, context), subOperationMs)
    return status
  }
  try {
    const request = await decodeCommitmentRequest(dataSet, encodingFor(context))
    await deps.commit({ ...request, association, signal: operation.signal, reply })
  } catch (error) {
    return respond(answerTo(refused(error), dimseStatus.processingFailure, deps.log))
  }
  await respond({ status: dimseStatus.success })
}

/** N-EVENT-REPORT: what became of a request of ours (PS3.4 J.3.3). */
export async function serveCommitmentResult(
  { context, association, dataSet }: Incoming,
  deps: Deps & { committed: NonNullable<DimseProvider['committed']> },
): Promise<void> {
  try {
    const result = await decodeCommitmentResult(dataSet, encodingFor(context))
    await deps.committed({ ...result, association })
  } catch (error) {
    return deps.respond(answerTo(refused(error), dimseStatus.processingFailure, deps.log))
  }
  await deps.respond({ status: dimseStatus.success })
}

/** The N-EVENT-REPORT-RQ for a result; event 1 says that all is kept, 2 that some is not. */
export async function reportRequest(result: CommitmentResult, context: AcceptedContext) {
  return {
    contextId: context.id,
    command: {
      commandField: commandField.eventReportRequest,
      affectedSopClassUid: storageCommitmentPush,
      affectedSopInstanceUid: wellKnownCommitmentInstance,
      eventTypeId: result.failed.length === 0 ? 1 : 2,
    },
    dataSet: [await encodeCommitmentResult(result, encodingFor(context))],
  }
}

export function encodingFor({ transferSyntax }: AcceptedContext) {
  const encoding = encodingOf(transferSyntax)
  if (encoding === undefined) throw dimseError('CONTEXT_NOT_ACCEPTED', { transferSyntax })
  return encoding
}

/** What cannot be read is the peer's mistake, not ours. */
function refused(error: unknown): unknown {
  const isTheirs = error instanceof Error && 'code' in error && error.code === 'DATA_SET_MALFORMED'
  return isTheirs ? dimseError('DIMSE_REFUSED', { status: dimseStatus.invalidArgument }) : error
}
