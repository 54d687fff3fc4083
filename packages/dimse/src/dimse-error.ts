import { TwiinError } from '@twiin/runtime'
import type { Facts } from '@twiin/runtime'

/** Every code this package throws, with the reason that an A-ABORT by us then carries (PS3.8 table 9-26). */
const abortReasons = {
  /** Facts `result`, `source`, `reason` of the A-ASSOCIATE-RJ (PS3.8 table 9-21). */
  ASSOCIATION_REJECTED: 0,
  /** The peer sent A-ABORT (facts `source`, `reason`), or our own side gave up (fact `by: 'us'`). */
  ASSOCIATION_ABORTED: 0,
  /** The connection ended without a release or abort. */
  ASSOCIATION_LOST: 0,
  /** Asked for something after the end. */
  ASSOCIATION_CLOSED: 0,
  /** No TCP connection. */
  CONNECTION_FAILED: 0,
  /** The peer did not accept this SOP class in this transfer syntax. */
  CONTEXT_NOT_ACCEPTED: 0,
  /** More than 128 pairs of SOP class and transfer syntax. */
  TOO_MANY_CONTEXTS: 0,
  /** Fact `waitingFor`. */
  DIMSE_TIMEOUT: 0,
  /** The peer answered a find, move or get with a failure: facts `status`, `comment`. Thrown by a provider: the status to answer with. */
  DIMSE_REFUSED: 0,
  /** Thrown by a provider at the end of a find: it succeeds, with this `comment`. */
  DIMSE_REMARK: 0,
  /** A data set that this package reads itself (commitment) breaks the rules. */
  DATA_SET_MALFORMED: 0,
  /** A data set in a response was longer than an identifier may be. */
  DATA_SET_TOO_LONG: 6,
  PDU_UNRECOGNISED: 1,
  PDU_UNEXPECTED: 2,
  PDU_TOO_LONG: 6,
  PDU_MALFORMED: 6,
  COMMAND_MALFORMED: 6,
  COMMAND_TOO_LONG: 6,
} as const

export type DimseErrorCode = keyof typeof abortReasons

export function dimseError(
  code: DimseErrorCode,
  facts: Facts = {},
  cause?: unknown,
): TwiinError<DimseErrorCode> {
  return new TwiinError(code, facts, cause === undefined ? undefined : { cause })
}

export function abortReasonOf(code: string): number {
  return code in abortReasons ? abortReasons[code as DimseErrorCode] : 0
}
