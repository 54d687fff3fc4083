import type { StoreStatus } from './status.ts'

export interface AssociationInfo {
  /** Unique for this process and after it; for logs and audit lines. */
  readonly id: string
  /** 1–16 printable ASCII characters, without leading and trailing spaces (PS3.8 §9.3.2). */
  readonly callingAe: string
  readonly calledAe: string
  readonly remoteAddress: string
  /** Absent on a plain connection. */
  readonly tls?: TlsPeer
  /** Who the peer says is acting (PS3.7 D.3.3.7). A claim: see `tls` and the passcode in `Credentials` for what proves it. */
  readonly user?: ClaimedUser
}

/** What the handshake proved. */
export interface TlsPeer {
  readonly protocol: string
  /** SHA-256 of the client's certificate, lower-case hex; absent when none was shown, or it did not verify. */
  readonly certificateSha256?: string
  /** Its common name, on one line; only of a certificate that verified. */
  readonly commonName?: string
}

export interface ClaimedUser {
  readonly kind: 'username' | 'kerberos' | 'saml' | 'jwt'
  /** Of kind `username` only: at most 64 characters, on one line. */
  readonly name?: string
}

/** The secret halves of a user identity; at most 8 KiB together, and never logged. */
export interface Credentials {
  /** With a username and passcode. */
  readonly passcode?: Buffer
  /** A Kerberos service ticket, SAML assertion or JSON web token. */
  readonly token?: Buffer
}

/** What the provider says to a proposed association; all but `accept` become an A-ASSOCIATE-RJ (PS3.8 §9.3.4). */
export type Admittance =
  | 'accept'
  | 'calling-ae-not-recognized'
  | 'called-ae-not-recognized'
  | 'local-limit-exceeded'
  | 'no-reason-given'

/** The facts of a C-STORE-RQ, validated: each UID is 1–64 digits and dots. */
export interface StoreRequest {
  readonly association: AssociationInfo
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** As negotiated for the presentation context the data set arrives on. */
  readonly transferSyntaxUid: string
  /** The C-MOVE that asked for it, when the sender says so (PS3.7 §9.1.1.1). */
  readonly moveOriginator?: MoveOriginator
}

export interface MoveOriginator {
  readonly aeTitle: string
  /** The message ID of its C-MOVE-RQ. */
  readonly messageId: number
}

/**
 * Receives one data set as it arrives: the bytes after group 2, exactly as sent. Calls never overlap.
 * `finish` or `abort` is the last one. A `write` or `finish` that rejects is answered with a failure status
 * (`storeStatusOf`), after which `abort` is called: it must leave nothing behind.
 */
export interface StoreSink {
  /** At most about 1 MiB. Until it resolves nothing more is read from the socket. The sink may keep the chunk. */
  write(chunk: Buffer): Promise<void>
  /**
   * Resolves only when the object is durable; the status goes to the sender in the C-STORE-RSP. A peer that negotiated
   * asynchronous operations may have its next object opened meanwhile.
   */
  finish(): Promise<StoreStatus>
  /** The association was lost or broke a rule mid-object, or the object was refused. */
  abort(reason: string): Promise<void>
}

/** When refused, the data set is read and dropped, not buffered, and answered with the status. */
export type OpenStore = (request: StoreRequest) => Promise<StoreSink | { refuse: StoreStatus }>

/** What the DIMSE server asks of an owner that only stores; see `DimseProvider` for one that does more. */
export interface StoreProvider {
  /** `credentials` only when the peer sent a user identity that holds a secret. */
  admit(info: AssociationInfo, credentials?: Credentials): Admittance
  /** Default: every storage class in every transfer syntax, and the other services as far as they are provided. */
  acceptsContext?(abstractSyntax: string, transferSyntax: string, info: AssociationInfo): boolean
  openStore: OpenStore
  /** Once for every association that was accepted, after its last sink and operation have come to their end. */
  associationEnded?(info: AssociationInfo, how: AssociationEnd): void
}

/** `released`: in order; `aborted`: an A-ABORT by either side, or a timer; `lost`: the connection went away. */
export type AssociationEnd = 'released' | 'aborted' | 'lost'
