import { commandField } from '../messages/command-set.ts'
import type { Command } from '../messages/command-set.ts'
import { dimseStatus } from '../status.ts'
import type { StoreStatus } from '../status.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'
import {
  queryRetrieve,
  storageCommitmentPush,
  verificationClass,
  wellKnownCommitmentInstance,
} from '../uids.ts'
import type { Services } from './incoming-request.ts'

/** Why a request is refused before its data set is looked at (PS3.7 annex C). */
export function refusalOf(
  request: Command,
  context: AcceptedContext,
  services: Services,
): StoreStatus | undefined {
  const check = checks.get(request.commandField)
  if (check === undefined) return dimseStatus.unrecognisedOperation
  const isAction = request.commandField === commandField.actionRequest
  const named = isAction ? request.requestedSopClassUid : request.affectedSopClassUid
  if (named !== context.abstractSyntax) return dimseStatus.classNotSupported
  return check(request, context, services)
}

type Check = (request: Command, context: AcceptedContext, services: Services) => StoreStatus | undefined

const isModel = (uid: string, models: { patientRoot: string; studyRoot: string }) =>
  uid === models.patientRoot || uid === models.studyRoot
const unrecognised = dimseStatus.unrecognisedOperation

const checks = new Map<number, Check>([
  [
    commandField.echoRequest,
    (request, { abstractSyntax }) => {
      if (abstractSyntax !== verificationClass) return unrecognised
      return request.hasDataSet ? dimseStatus.mistypedArgument : undefined
    },
  ],
  [
    commandField.storeRequest,
    (request, { isStorage }) => {
      if (!isStorage) return unrecognised
      if (request.affectedSopInstanceUid === undefined) return dimseStatus.invalidInstance
      return request.hasDataSet ? undefined : dimseStatus.cannotUnderstand
    },
  ],
  [
    commandField.findRequest,
    (request, { abstractSyntax }, { find }) => {
      if (find === undefined || !isModel(abstractSyntax, queryRetrieve.find)) return unrecognised
      return request.hasDataSet ? undefined : dimseStatus.dataSetMismatch
    },
  ],
  [
    commandField.moveRequest,
    (request, { abstractSyntax }, { move }) => {
      if (move === undefined || !isModel(abstractSyntax, queryRetrieve.move)) return unrecognised
      if (request.moveDestination === undefined) return dimseStatus.moveDestinationUnknown
      return request.hasDataSet ? undefined : dimseStatus.dataSetMismatch
    },
  ],
  [
    commandField.getRequest,
    (request, { abstractSyntax }, { get }) => {
      if (get === undefined || !isModel(abstractSyntax, queryRetrieve.get)) return unrecognised
      return request.hasDataSet ? undefined : dimseStatus.dataSetMismatch
    },
  ],
  [
    commandField.actionRequest,
    (request, { abstractSyntax }, { commit }) => {
      if (commit === undefined || abstractSyntax !== storageCommitmentPush) return unrecognised
      if (request.requestedSopInstanceUid !== wellKnownCommitmentInstance) return dimseStatus.noSuchInstance
      if (request.actionTypeId !== 1) return dimseStatus.noSuchAction
      return request.hasDataSet ? undefined : dimseStatus.invalidArgument
    },
  ],
  [
    commandField.eventReportRequest,
    (request, { abstractSyntax }, { committed }) => {
      if (committed === undefined || abstractSyntax !== storageCommitmentPush) return unrecognised
      if (request.affectedSopInstanceUid !== wellKnownCommitmentInstance) return dimseStatus.noSuchInstance
      if (request.eventTypeId !== 1 && request.eventTypeId !== 2) return dimseStatus.noSuchEvent
      return request.hasDataSet ? undefined : dimseStatus.invalidArgument
    },
  ],
])
