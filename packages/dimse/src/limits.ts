const KiB = 1024
const GiB = 1024 ** 3

/** Sizes in bytes. What an association may cost us at most: one PDU, one batch and one command. */
export interface AcceptorLimits {
  /** Advertised to the peer; a longer P-DATA-TF is answered with A-ABORT. 4 KiB – 1 MiB. */
  maxPduLength: number
  /** Of an A-ASSOCIATE PDU; 128 contexts with forty transfer syntaxes each fit in. */
  maxAssociatePduLength: number
  maxCommandBytes: number
  /** Of a query or retrieval; a longer one is answered with 0xA700. */
  maxIdentifierBytes: number
  /** Of a storage commitment request or result: 65,535 references fit in. A longer one is answered with 0x0213. */
  maxCommitmentBytes: number
  /** Of those of all associations together, until they were heard by who provides the service. 0x0213 beyond it too. */
  maxCommitmentBytesTogether: number
  /** Of one data set; what comes after it is dropped and answered with 0xA700. */
  maxObjectBytes: number
  /** Data reaches the sink in chunks of at most this size. */
  batchBytes: number
  /** More are rejected (PS3.8: local limit exceeded, transient); connections beyond twice the cap are dropped unheard. */
  maxAssociations: number
  maxAssociationsPerAddress: number
  /** Requests that a peer may have running at once, when it asks for more than one (asynchronous operations window). */
  maxOperations: number
}

/** Milliseconds; each runs only while we wait for the peer, never while we are busy ourselves. */
export interface AcceptorTimeouts {
  /** From TCP accept to a complete A-ASSOCIATE-RQ (PS3.8 §9.1.5, ARTIM). */
  artimMs: number
  /** Between two PDUs. */
  idleMs: number
  /** From the first byte of a PDU to its last, and for the peer to take a response from us. */
  pduMs: number
  /** For the peer to close the connection after we said the last word. */
  closeMs: number
  /** For the peer to answer a C-STORE sub-operation of a C-GET, or a report. */
  subOperationMs: number
}

/** Milliseconds. */
export interface RequestorTimeouts {
  /** For the TCP connection and the answer to our A-ASSOCIATE-RQ together. */
  connectMs: number
  /** From our last byte of a request to its response. */
  responseMs: number
  /** Between two responses, or sub-operations, of a C-MOVE or C-GET: some archives first fetch from tape. */
  retrieveMs: number
  /** From a C-CANCEL to the last response. */
  cancelMs: number
  /** For the peer to take more bytes from us, or to complete a PDU that it began. */
  progressMs: number
  /** For the answer to A-RELEASE-RQ. */
  releaseMs: number
}

export const acceptorLimits: Readonly<AcceptorLimits> = {
  maxPduLength: 128 * KiB,
  maxAssociatePduLength: 256 * KiB,
  maxCommandBytes: 64 * KiB,
  maxIdentifierBytes: 64 * KiB,
  maxCommitmentBytes: 8 * KiB * KiB,
  maxCommitmentBytesTogether: 32 * KiB * KiB,
  maxObjectBytes: 4 * GiB,
  batchBytes: 1024 * KiB,
  maxAssociations: 64,
  maxAssociationsPerAddress: 16,
  maxOperations: 8,
}

export const acceptorTimeouts: Readonly<AcceptorTimeouts> = {
  artimMs: 30_000,
  idleMs: 600_000,
  pduMs: 60_000,
  closeMs: 5_000,
  subOperationMs: 120_000,
}

export const requestorTimeouts: Readonly<RequestorTimeouts> = {
  connectMs: 30_000,
  responseMs: 120_000,
  retrieveMs: 600_000,
  cancelMs: 30_000,
  progressMs: 60_000,
  releaseMs: 10_000,
}
