import type { TokenPurpose } from './patient-token.ts'

/** Spec 02 §5. */
export const limits = { batch: 1024, pointBytes: 32, proofBytes: 64, tokenBytes: 64 } as const

/** What a node asks a keeper. The points are blinded: they say nothing about the patients. */
export interface EvaluationRequest {
  readonly epoch: number
  readonly purpose: TokenPurpose
  /** 1 to 1024 ristretto255 points of 32 bytes. */
  readonly blinded: readonly Uint8Array[]
  /** Pseudonym of the user, 1 to 64 of A-Z a-z 0-9 . _ - ; lookups without one share one quota. */
  readonly user?: string
}

/** A keeper's answer: every point multiplied by its key share, and one proof for the whole batch. */
export interface EvaluationAnswer {
  /** Index of the share; 1 in one-keeper mode. */
  readonly keeper: number
  /** As many points of 32 bytes as were asked, in the same order. */
  readonly evaluated: readonly Uint8Array[]
  /** RFC 9497 §2.2 proof: challenge and response, 64 bytes. */
  readonly proof: Uint8Array
}

export interface TokenKeeperPeer {
  /** Index of the share, 1 and up. */
  readonly index: number
  /** Public key of the share: the proof is checked against it. */
  readonly publicKey: Uint8Array
  /** Settles within its own deadline. A refusal by the keeper is a TwiinError with the keeper's code. */
  evaluate(request: EvaluationRequest): Promise<EvaluationAnswer>
}

/** Reaches the token keepers. One-keeper mode has one; 3-of-5 has five behind the same interface. */
export interface TokenKeepers {
  readonly epoch: number
  /** How many keepers must answer. */
  readonly threshold: number
  /** Public key of the group; in one-keeper mode that of the one keeper. */
  readonly publicKey: Uint8Array
  readonly keepers: readonly TokenKeeperPeer[]
}
