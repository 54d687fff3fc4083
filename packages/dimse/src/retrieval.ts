/** One object to send. `dataSet` yields the bytes after group 2, in the transfer syntax named; read once. */
export interface OutgoingInstance {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly transferSyntaxUid: string
  readonly dataSet: () => AsyncIterable<Uint8Array>
}

/** Where a retrieval stands. Counters may exceed 65,535; what goes over the wire is capped there. */
export interface SubOperations {
  readonly remaining: number
  readonly completed: number
  readonly failed: number
  /** Stored with a remark. */
  readonly warning: number
  /** Of those that failed; told to the peer in the final response, as far as 64 KiB take them. */
  readonly failedSopInstanceUids?: readonly string[]
}

/** An instance to send, or one that cannot be had and counts as failed. */
export type RetrievedInstance = (
  OutgoingInstance | { readonly sopInstanceUid: string; readonly unavailable: true }
) & {
  /** How many come after it, as far as is known. */
  readonly remaining?: number
}
