/** Storage Commitment Push Model (PS3.4 annex J), in values. UIDs are 1–64 digits and dots. */
export interface SopReference {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
}

export interface CommitmentRequest {
  readonly transactionUid: string
  /** At most 65,535; longer lists go in several transactions. */
  readonly references: readonly SopReference[]
}

/** Each reference of the request, once. */
export interface CommitmentResult {
  readonly transactionUid: string
  readonly committed: readonly SopReference[]
  /** `reason`: PS3.3 C.14, see `commitmentFailure`. */
  readonly failed: readonly (SopReference & { readonly reason: number })[]
}

/** Failure Reason (0008,1197), PS3.3 C.14.1.1. */
export const commitmentFailure = {
  processingFailure: 0x0110,
  noSuchObject: 0x0112,
  duplicateTransaction: 0x0131,
  resourceLimitation: 0x0213,
  classNotSupported: 0x0122,
  classInstanceConflict: 0x0119,
} as const
