import type { StoreStatus } from './status.ts'

export interface AssociationInfo {
  /** Unique for this process and after it; for logs and audit lines. */
  readonly id: string
  /** 1–16 printable ASCII characters, without leading and trailing spaces (PS3.8 §9.3.2). */
  readonly callingAe: string
  readonly calledAe: string
  readonly remoteAddress: string
}

/** What the provider says to a proposed association; all but `accept` become an A-ASSOCIATE-RJ (PS3.8 §9.3.4). */
export type Admittance =
  'accept' | 'calling-ae-not-recognized' | 'called-ae-not-recognized' | 'local-limit-exceeded'

/** The facts of a C-STORE-RQ, validated: each UID is 1–64 digits and dots. */
export interface StoreRequest {
  readonly association: AssociationInfo
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** As negotiated for the presentation context the data set arrives on. */
  readonly transferSyntaxUid: string
}

/**
 * Receives one data set as it arrives: the bytes after group 2, exactly as sent. Calls never overlap.
 * `finish` or `abort` is the last one. A `write` or `finish` that rejects is answered with a failure status
 * (`storeStatusOf`), after which `abort` is called: it must leave nothing behind.
 */
export interface StoreSink {
  /** At most about 1 MiB. Until it resolves nothing more is read from the socket. The sink may keep the chunk. */
  write(chunk: Buffer): Promise<void>
  /** Resolves only when the object is durable; the status goes to the sender in the C-STORE-RSP. */
  finish(): Promise<StoreStatus>
  /** The association was lost or broke a rule mid-object, or the object was refused. */
  abort(reason: string): Promise<void>
}

/** Everything the DIMSE server asks of its owner. */
export interface StoreProvider {
  admit(info: AssociationInfo): Admittance
  /** Default: every storage class in every transfer syntax. */
  acceptsContext?(abstractSyntax: string, transferSyntax: string): boolean
  /** When refused, the data set is read and dropped, not buffered, and answered with the status. */
  openStore(request: StoreRequest): Promise<StoreSink | { refuse: StoreStatus }>
  /** Once for every association that was accepted, after its last sink has finished or aborted. */
  associationEnded?(info: AssociationInfo, how: AssociationEnd): void
}

/** `released`: in order; `aborted`: an A-ABORT by either side, or a timer; `lost`: the connection went away. */
export type AssociationEnd = 'released' | 'aborted' | 'lost'
