import type { CommitmentRequest, CommitmentResult } from './commitment.ts'
import type { RetrievedInstance, SubOperations } from './retrieval.ts'
import type { StoreStatus } from './status.ts'
import type { AssociationInfo, StoreProvider } from './store-provider.ts'

/**
 * Everything the DIMSE server can ask of its owner. A service whose member is absent is not offered: its presentation
 * contexts are refused. Any of them refuses a request with `throw new TwiinError('DIMSE_REFUSED', { status, comment })`:
 * `status` as in `dimseStatus`, `comment` at most 64 characters without patient data. Another error is answered with 0xC000
 * (find) or 0xA702 (move, get) or 0x0110, and only its code is logged.
 *
 * Iterables are read at the pace of the network and may be left early (`return()` is called): after a C-CANCEL, and when
 * the association ends. `signal` fires at that moment too. Their end is the success of the operation.
 */
export interface DimseProvider extends StoreProvider {
  /**
   * Each value is one match: an identifier of at most 64 KiB in `request.transferSyntaxUid`. What succeeds, but with a remark,
   * ends with `throw new TwiinError('DIMSE_REMARK', { comment })`.
   */
  find?(request: QueryRequest): AsyncIterable<Uint8Array>
  /**
   * The provider sends to the destination itself; each value is where it stands, and goes out as a Pending response (at
   * most one each second). The last value, with nothing remaining, makes the final one. Unknown destination: refuse with 0xA801.
   */
  move?(request: MoveRequest): AsyncIterable<SubOperations>
  /** Each instance is sent back on the same association, one C-STORE sub-operation after another. */
  get?(request: QueryRequest): AsyncIterable<RetrievedInstance>
  /**
   * A storage commitment request (N-ACTION, PS3.4 annex J). Resolves when it is durably noted; that is what the peer then
   * hears. The result follows when it is known, by `reply` or over an association of the owner's own (`reportCommitment`).
   */
  commit?(request: CommitmentRequestReceived): Promise<void>
  /** The result of a commitment that this side asked for. Resolves when it is durably noted: the peer then forgets it. */
  committed?(report: CommitmentResultReceived): Promise<void>
}

/** A C-FIND, C-GET or (with a destination) C-MOVE request, in a form that was checked but not understood. */
export interface QueryRequest {
  readonly association: AssociationInfo
  /** The information model: `queryRetrieve.find`, `.move` or `.get`, patient or study root. */
  readonly sopClassUid: string
  /** Of the identifier, and of each answer. */
  readonly transferSyntaxUid: string
  /** At most `limits.maxIdentifierBytes` (64 KiB). */
  readonly identifier: Buffer
  /** PS3.7 §9.1.2.1: 0 medium, 1 high, 2 low. */
  readonly priority: number
  readonly messageId: number
  /** Fires on C-CANCEL and when the association ends. */
  readonly signal: AbortSignal
}

export interface MoveRequest extends QueryRequest {
  /** 1–16 printable ASCII characters, without leading and trailing spaces. */
  readonly destinationAe: string
}

export interface CommitmentRequestReceived extends CommitmentRequest {
  readonly association: AssociationInfo
  readonly signal: AbortSignal
  /**
   * Sends the result on the association that asked, after the N-ACTION response; resolves with the peer's status. Rejects
   * with ASSOCIATION_CLOSED when it is gone (most askers release at once): report on a new one.
   */
  reply(result: CommitmentResult): Promise<StoreStatus>
}

export interface CommitmentResultReceived extends CommitmentResult {
  readonly association: AssociationInfo
}
