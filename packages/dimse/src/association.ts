import type { CommitmentRequest, CommitmentResult } from './commitment.ts'
import type { OutgoingInstance, SubOperations } from './retrieval.ts'
import type { StoreStatus } from './status.ts'
import type { MoveOriginator, OpenStore } from './store-provider.ts'

export interface StoreOutcome {
  readonly status: StoreStatus
  /** The peer's Error Comment (0000,0902), on one line. */
  readonly comment?: string
}

export interface StoreOptions {
  readonly signal?: AbortSignal
  /** Of a sub-operation of a C-MOVE: who asked. */
  readonly moveOriginator?: MoveOriginator
}

/** A query or retrieval to ask for. `identifier` is encoded in `transferSyntaxUid`, and so is every answer. */
export interface Query {
  /** `queryRetrieve.find`, `.move` or `.get`, patient or study root. */
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  readonly identifier: Uint8Array
  /** PS3.7 §9.1.2.1: 0 medium (default), 1 high, 2 low. */
  readonly priority?: 0 | 1 | 2
  /** Sends a C-CANCEL; the iteration then throws the signal's reason once the peer has stopped. */
  readonly signal?: AbortSignal
}

/**
 * An open association with us as requestor. Requests run one after another, in the order asked; C-STOREs overlap as far as
 * the peer granted (asynchronous operations window). `find`, `move` and `get` send their request when the iteration begins;
 * leaving it early sends a C-CANCEL and waits for the peer's last response. A failure status throws
 * `DIMSE_REFUSED` with the facts `status` and `comment`.
 */
export interface Association extends AsyncDisposable {
  accepts(sopClassUid: string, transferSyntaxUid: string): boolean
  /** How many C-STOREs may overlap, as negotiated: 1 or more. */
  readonly window: number
  echo(): Promise<StoreStatus>
  /**
   * Sends one object, its bytes verbatim. A failure status is an outcome, not an error; see `isStored`.
   * Throws CONTEXT_NOT_ACCEPTED (the association goes on), or after the association ended: ASSOCIATION_ABORTED,
   * ASSOCIATION_LOST, DIMSE_TIMEOUT; or what `dataSet` threw. A signal that fires, or a data set that throws, aborts the
   * association: PS3.7 knows no other way to leave an object half sent.
   */
  store(instance: OutgoingInstance, options?: StoreOptions): Promise<StoreOutcome>
  /** One identifier for each match. The peer's pace is the consumer's: nothing is read ahead but a few responses. */
  find(query: Query): AsyncIterable<Buffer>
  /** Where the peer stands, at its own pace; the last value is the end. Some, or all, may have failed: look at `failed`. */
  move(query: Query & { readonly destinationAe: string }): AsyncIterable<SubOperations>
  /**
   * As `move`; the instances come in on this association, into the sinks that `openStore` gives. Propose the storage classes
   * with `role: 'scp'`.
   */
  get(query: Query, openStore: OpenStore): AsyncIterable<SubOperations>
  /** N-ACTION. The outcome says that the peer took the request; its result comes later, to `committed` (here or on our server). */
  requestCommitment(request: CommitmentRequest): Promise<StoreOutcome>
  /** N-EVENT-REPORT. Propose `storageCommitmentPush` with `role: 'scp'`. */
  reportCommitment(result: CommitmentResult): Promise<StoreOutcome>
  /** Ends in order; after it, or after an error, it does nothing. */
  release(): Promise<void>
  abort(): void
}
