import type { Clock } from '@twiin/runtime'
import { TwiinError } from '@twiin/runtime'
import type { EvaluationAnswer, EvaluationRequest } from './evaluation.ts'
import type { KeeperKey } from './keeper-key.ts'
import type { TokenPurpose } from './patient-token.ts'
import type { Random } from './ristretto255.ts'

/** Counters that survive a restart. */
export interface QuotaCounters {
  /**
   * Adds `n` to the counter of `key` on `day` (UTC, YYYY-MM-DD) unless that would exceed `limit`. Atomic, also when
   * called in parallel; true only after the sum is durable; false leaves the counter as it was.
   */
  add(key: string, day: string, n: number, limit: number): Promise<boolean>
}

/** What a keeper puts on record about every request. The blinded points say nothing about the patients. */
export interface EvaluationRecord {
  readonly at: number
  readonly ura: string
  readonly peerId: string
  readonly user?: string
  readonly epoch: number
  readonly purpose: TokenPurpose
  readonly count: number
  /** SHA-256 of the blinded points, hexadecimal. */
  readonly requestHash: string
  readonly outcome: 'evaluated' | 'refused'
  readonly reason?: string
}

/** One share of the oblivious function: checks, counts durably, puts on record, then evaluates. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions
  readonly #deps: TokenKeeperDeps

  constructor(options: TokenKeeperOptions, deps: TokenKeeperDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Errors: TOKEN_REQUEST_INVALID, TOKEN_EPOCH_UNKNOWN, TOKEN_QUOTA_EXCEEDED (fact `of`: node or user). */
  async evaluate(
    caller: { ura: string; peerId: string },
    request: EvaluationRequest,
  ): Promise<EvaluationAnswer> {
    throw new TwiinError('TOKEN_REQUEST_INVALID', { ura: caller.ura, epoch: request.epoch })
  }
}

export interface TokenKeeperOptions {
  readonly epoch: number
  /** Index of the share; 1 in one-keeper mode. */
  readonly index?: number
  /** Evaluations a day for the node of this URA number; 0 for a stranger. */
  readonly nodeQuota: (ura: string) => number
  /** Lookups a day for one user of a node. */
  readonly userQuota: number
}

export interface TokenKeeperDeps {
  readonly key: KeeperKey
  readonly clock: Clock
  readonly counters: QuotaCounters
  /** Durable when resolved. */
  readonly record: (entry: EvaluationRecord) => Promise<void>
  readonly random?: Random
}
