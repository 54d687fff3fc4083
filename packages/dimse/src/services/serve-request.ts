import type { Clock, Logger } from '@twiin/runtime'
import type { OutgoingInstance } from '../retrieval.ts'
import { commandField } from '../messages/command-set.ts'
import type { Invocations } from '../messages/invocations.ts'
import { dimseStatus } from '../status.ts'
import { serveCommitment, serveCommitmentResult } from './serve-commitment.ts'
import type { Operation } from './operation-table.ts'
import type { Respond } from './operation.ts'
import type { IncomingRequest, Services } from './incoming-request.ts'
import { storeRequest } from './store-request.ts'
import { serveFind } from './serve-find.ts'
import { serveGet } from './serve-get.ts'
import { serveMove } from './serve-move.ts'

interface Deps {
  services: Services
  invocations: Invocations
  operation: Operation
  respond: Respond
  /** The final response has gone out. */
  responded: Promise<void>
  clock: Clock
  log: Logger
}

/** One request whose data set is complete. Rejects only when the association broke. */
export async function serveRequest(incoming: IncomingRequest, deps: Deps): Promise<void> {
  const { context, request, dataSet, association } = incoming
  const { services, operation, respond } = deps
  const { signal } = operation
  const isQuery = request.commandField <= commandField.moveRequest
  if (dataSet === undefined) {
    return respond({ status: isQuery ? dimseStatus.outOfResources : dimseStatus.resourceLimitation })
  }
  if (request.commandField === commandField.actionRequest && services.commit !== undefined) {
    return serveCommitment({ ...incoming, dataSet }, { ...deps, commit: services.commit.bind(services) })
  }
  if (request.commandField === commandField.eventReportRequest && services.committed !== undefined) {
    const committed = services.committed.bind(services)
    return serveCommitmentResult({ ...incoming, dataSet }, { ...deps, committed })
  }
  const query = {
    association,
    sopClassUid: context.abstractSyntax,
    transferSyntaxUid: context.transferSyntax,
    identifier: dataSet,
    priority: request.priority ?? 0,
    messageId: request.messageId ?? 0,
    signal,
  }
  if (request.commandField === commandField.findRequest && services.find !== undefined) {
    return serveFind(query, { ...deps, find: services.find.bind(services) })
  }
  if (request.commandField === commandField.moveRequest && services.move !== undefined) {
    const move = { ...query, destinationAe: request.moveDestination ?? '' }
    return serveMove(move, { ...deps, move: services.move.bind(services) })
  }
  if (request.commandField !== commandField.getRequest || services.get === undefined) return
  operation.needsPeer = true
  return serveGet(query, {
    ...deps,
    get: services.get.bind(services),
    store: (instance) => storeBack(instance, incoming, deps),
  })
}

/** A C-STORE sub-operation, if the peer offered to receive such an object. */
async function storeBack(
  instance: OutgoingInstance,
  { contexts, subOperationMs }: IncomingRequest,
  { invocations }: Deps,
): Promise<number | undefined> {
  const context = [...contexts.values()].find(
    ({ abstractSyntax, transferSyntax, weAre }) =>
      abstractSyntax === instance.sopClassUid && transferSyntax === instance.transferSyntaxUid && weAre.user,
  )
  if (context === undefined) return undefined
  const { status } = await invocations.request(storeRequest(instance, context), subOperationMs)
  return status
}
