import type { OutgoingInstance } from '../retrieval.ts'
import { commandField } from '../messages/command-set.ts'
import type { MoveOriginator } from '../store-provider.ts'
import { transferSyntax } from '../uids.ts'
import type { AcceptedContext } from '../upper-layer/presentation-context.ts'

/** The C-STORE-RQ for an instance (PS3.7 §9.3.1.1). */
export function storeRequest(
  instance: OutgoingInstance,
  context: AcceptedContext,
  moveOriginator?: MoveOriginator,
) {
  return {
    contextId: context.id,
    command: {
      commandField: commandField.storeRequest,
      affectedSopClassUid: instance.sopClassUid,
      affectedSopInstanceUid: instance.sopInstanceUid,
      priority: 0,
      ...(moveOriginator !== undefined && {
        moveOriginatorAe: moveOriginator.aeTitle,
        moveOriginatorMessageId: moveOriginator.messageId,
      }),
    },
    dataSet: instance.dataSet(),
    // spec PS3.5 A.5: a deflated stream of odd length gets a trailing NULL; every other data set is even by itself
    pads: context.transferSyntax === transferSyntax.deflatedExplicitVrLittleEndian,
  }
}
