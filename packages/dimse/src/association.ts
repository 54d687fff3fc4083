import type { StoreStatus } from './status.ts'

/** One object to send. `dataSet` yields the bytes after group 2, in the transfer syntax named; read once. */
export interface OutgoingInstance {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
  readonly dataSet: () => AsyncIterable<Uint8Array>
}

export interface StoreOutcome {
  readonly status: StoreStatus
  /** The peer's Error Comment (0000,0902), on one line. */
  readonly comment?: string
}

/** An open association with us as requestor. Requests run one after another, in the order asked. */
export interface Association extends AsyncDisposable {
  accepts(sopClassUid: string, transferSyntaxUid: string): boolean
  echo(): Promise<StoreStatus>
  /**
   * Sends one object, its bytes verbatim. A failure status is an outcome, not an error; see `isStored`.
   * Throws CONTEXT_NOT_ACCEPTED (the association goes on), or after the association ended: ASSOCIATION_ABORTED,
   * ASSOCIATION_LOST, DIMSE_TIMEOUT; or what `dataSet` threw. A signal that fires, or a data set that throws, aborts the
   * association: PS3.7 knows no other way to leave an object half sent.
   */
  store(instance: OutgoingInstance, options?: { signal?: AbortSignal }): Promise<StoreOutcome>
  /** Ends in order; after it, or after an error, it does nothing. */
  release(): Promise<void>
  abort(): void
}
