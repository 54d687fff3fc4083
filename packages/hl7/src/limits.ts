const MiB = 1024 ** 2

/** Sizes in bytes. Checked before anything is allocated for them (spec 15 §6). */
export interface MllpLimits {
  /** Of one message. A report with a PDF in it is the largest that is sensible. */
  maxFrameBytes: number
  /**
   * Of what all connections together hold of messages that are not whole yet; those of one address a quarter of it, but
   * always one message.
   */
  maxBufferedBytes: number
  /** Bytes between two frames that belong to neither; a sender of more speaks another protocol. */
  maxJunkBytes: number
  maxConnections: number
  maxConnectionsPerAddress: number
}

/** Milliseconds. */
export interface MllpTimeouts {
  /** From the first byte of a frame to its last. */
  frameMs: number
  /** Without a byte from the other side, until a message of this connection was admitted. */
  firstMs: number
  /** And after that. */
  idleMs: number
  /** For the other side to take an answer. */
  writeMs: number
  /** To agree on TLS. */
  handshakeMs: number
}

export const mllpLimits: Readonly<MllpLimits> = {
  maxFrameBytes: 16 * MiB,
  maxBufferedBytes: 64 * MiB,
  maxJunkBytes: 64 * 1024,
  maxConnections: 32,
  maxConnectionsPerAddress: 8,
}

export const mllpTimeouts: Readonly<MllpTimeouts> = {
  frameMs: 60_000,
  firstMs: 60_000,
  idleMs: 3_600_000,
  writeMs: 30_000,
  handshakeMs: 10_000,
}

/** More than any real message has; a frame of nothing but separators must cost no more than its bytes. */
export const messageLimits = { segments: 20_000, repetitions: 500, components: 100, escapes: 20_000 } as const
