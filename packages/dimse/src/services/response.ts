import { commandField } from '../messages/command-set.ts'
import type { Command } from '../messages/command-set.ts'
import type { Answer } from './operation.ts'

/** The command of a response (PS3.7 §9.3 and §10.3): what the request named, and what became of it. */
export function responseTo(
  request: Command,
  { status, comment, counters = {} }: Answer,
): Omit<Command, 'hasDataSet'> {
  const sopClassUid = request.affectedSopClassUid ?? request.requestedSopClassUid
  const sopInstanceUid = request.affectedSopInstanceUid ?? request.requestedSopInstanceUid
  const { eventTypeId, actionTypeId, messageId = 0 } = request
  const { remaining, completed, failed, warning } = counters
  return {
    ...(sopClassUid !== undefined && { affectedSopClassUid: sopClassUid }),
    commandField: request.commandField | commandField.response,
    messageIdBeingRespondedTo: messageId,
    status,
    ...(comment !== undefined && { errorComment: comment }),
    ...(sopInstanceUid !== undefined && { affectedSopInstanceUid: sopInstanceUid }),
    ...(eventTypeId !== undefined && { eventTypeId }),
    ...(actionTypeId !== undefined && { actionTypeId }),
    ...(remaining !== undefined && { remainingSubOperations: remaining }),
    ...(completed !== undefined && { completedSubOperations: completed }),
    ...(failed !== undefined && { failedSubOperations: failed }),
    ...(warning !== undefined && { warningSubOperations: warning }),
  }
}
