import { sendAnswer, sendRequest, sendRequestWithProgress } from '@twiin/protocol'
import type { Progress } from '@twiin/protocol'
import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'

/** Refusals a peer may read; anything else resets the stream, and the peer tries again. */
const tellable = ['REQUEST_INVALID', 'MEMBER_TESTING', 'PACKAGE_UNKNOWN', 'OUT_OF_RESOURCES'] as const

/**
 * The other side of `/twiin/send/1.0.0`: offers to us, receipts for us; of 1.1.0 with `noteProgress`: how far packages of
 * ours are. `noted` is said only of what is on disk.
 */
export async function answerSend(
  bytes: Uint8Array,
  peerId: string,
  deps: {
    noteOffer: (signed: Uint8Array, peerId: string) => Promise<unknown>
    noteReceipt: (signed: Uint8Array, peerId: string) => Promise<unknown>
    noteProgress?: (progress: Progress, peerId: string) => Promise<void>
    log: Logger
  },
): Promise<Uint8Array> {
  const { noteProgress } = deps
  const request = (noteProgress === undefined ? sendRequest : sendRequestWithProgress).decode(bytes)
  try {
    if (request.kind === 'progress') await noteProgress?.(request, peerId)
    else if (request.kind === 'offer') await deps.noteOffer(request.signed, peerId)
    else await deps.noteReceipt(request.signed, peerId)
    return sendAnswer.encode({ kind: 'noted' })
  } catch (error) {
    deps.log.warn('send message refused', { peerId, kind: request.kind, code: codeOf(error) })
    if (!isTwiinError(error, ...tellable)) throw error
    return sendAnswer.encode({ kind: 'refused', reason: error.code })
  }
}
