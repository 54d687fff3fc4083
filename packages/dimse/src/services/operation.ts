import { codeOf, isTwiinError, singleLine } from '@twiin/runtime'
import type { Facts, Logger } from '@twiin/runtime'
import type { SubOperations } from '../retrieval.ts'
import type { StoreStatus } from '../status.ts'
import { dimseStatus } from '../status.ts'

/** One response to a request; how it is addressed and encoded is not the service's business. */
export interface Answer {
  status: StoreStatus
  comment?: string
  counters?: Partial<SubOperations>
  dataSet?: Uint8Array
}
export type Respond = (answer: Answer) => Promise<void>

/** PS3.7 C.4: an error comment is LO, 64 characters. */
const maxComment = 64

/** What the peer hears when a provider threw: its own word when it refused, `otherwise` when it failed. */
export function answerTo(error: unknown, otherwise: StoreStatus, log: Logger): Answer {
  if (isTwiinError(error, 'DIMSE_REFUSED')) {
    const { status } = error.facts
    return {
      status: isFailure(status) ? status : dimseStatus.processingFailure,
      ...commentIn(error.facts),
    }
  }
  log.error('dimse.operation.failed', { code: codeOf(error) })
  return { status: otherwise }
}

/** The comment that a provider gave with a word of its own. */
export function commentIn({ comment }: Facts): { comment?: string } {
  const text = typeof comment === 'string' ? singleLine(comment).slice(0, maxComment) : ''
  return text === '' ? {} : { comment: text.replace(/[^\x20-\x7e]/g, '?') }
}

/** Neither success nor pending, nor a number that is no status. */
function isFailure(status: unknown): status is number {
  return (
    typeof status === 'number' && Number.isInteger(status) && status > 0 && status < dimseStatus.cancelled
  )
}
