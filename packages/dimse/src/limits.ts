const KiB = 1024
const GiB = 1024 ** 3

/** Sizes in bytes. What an association may cost us at most: one PDU, one batch and one command. */
export interface AcceptorLimits {
  /** Advertised to the peer; a longer P-DATA-TF is answered with A-ABORT. 4 KiB – 1 MiB. */
  maxPduLength: number
  /** Of an A-ASSOCIATE PDU; 128 contexts with forty transfer syntaxes each fit in. */
  maxAssociatePduLength: number
  maxCommandBytes: number
  /** Of one data set; what comes after it is dropped and answered with 0xA700. */
  maxObjectBytes: number
  /** Data reaches the sink in chunks of at most this size. */
  batchBytes: number
  /** More are rejected (PS3.8: local limit exceeded, transient); connections beyond twice the cap are dropped unheard. */
  maxAssociations: number
  maxAssociationsPerAddress: number
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
}

/** Milliseconds. */
export interface RequestorTimeouts {
  /** For the TCP connection and the answer to our A-ASSOCIATE-RQ together. */
  connectMs: number
  /** From our last byte of a request to its response. */
  responseMs: number
  /** For the peer to take more bytes from us, or to complete a PDU that it began. */
  progressMs: number
  /** For the answer to A-RELEASE-RQ. */
  releaseMs: number
}

export const acceptorLimits: Readonly<AcceptorLimits> = {
  maxPduLength: 128 * KiB,
  maxAssociatePduLength: 256 * KiB,
  maxCommandBytes: 64 * KiB,
  maxObjectBytes: 4 * GiB,
  batchBytes: 1024 * KiB,
  maxAssociations: 64,
  maxAssociationsPerAddress: 16,
}

export const acceptorTimeouts: Readonly<AcceptorTimeouts> = {
  artimMs: 30_000,
  idleMs: 600_000,
  pduMs: 60_000,
  closeMs: 5_000,
}

export const requestorTimeouts: Readonly<RequestorTimeouts> = {
  connectMs: 30_000,
  responseMs: 120_000,
  progressMs: 60_000,
  releaseMs: 10_000,
}
