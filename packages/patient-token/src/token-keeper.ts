import { createHash } from 'node:crypto'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { limits } from './evaluation.ts'
import type { EvaluationAnswer, EvaluationRequest } from './evaluation.ts'
import type { KeeperKey } from './keeper-key.ts'
import { everyInTurns } from './in-turns.ts'
import type { TokenPurpose } from './patient-token.ts'
import { isPoint, looksLikePoint } from './ristretto255.ts'
import type { Random } from './ristretto255.ts'
import { evaluate } from './voprf.ts'

/** One counter, and how far it may go on one day. */
export interface QuotaCounter {
  readonly key: string
  readonly limit: number
}

/** Counters that survive a restart. */
export interface QuotaCounters {
  /**
   * Adds `n` to every one of these counters on `day` (UTC, YYYY-MM-DD), or to none: then the key of the first that would
   * exceed its limit. Atomic, also when called in parallel; `undefined` only after all sums are durable.
   */
  add(counters: readonly QuotaCounter[], day: string, n: number): Promise<string | undefined>
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
  readonly outcome: 'granted' | 'refused'
  readonly reason?: string
}

/**
 * One share of the oblivious function. Every request is counted durably before it costs arithmetic, and put on record
 * before it is evaluated: what a crash loses is an answer, never a count.
 */
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
    const { key, random } = this.#deps
    try {
      this.#check(request)
      await this.#count(caller.ura, request)
      // spec 02 §6: arithmetic only for what was counted. A batch that fails here stays counted.
      if (!(await everyInTurns(request.blinded, isPoint))) throw new TwiinError('TOKEN_REQUEST_INVALID')
    } catch (error) {
      await this.#record(caller, request, codeOf(error))
      throw error
    }
    await this.#record(caller, request)
    const share = { secret: key.bytes, publicKey: key.publicKey }
    return { keeper: this.#options.index ?? 1, ...(await evaluate(share, request.blinded, random)) }
  }

  #check({ epoch, purpose, blinded, user }: EvaluationRequest): void {
    // spec 02 §5: one code for everything malformed, so that nobody learns which check it failed.
    const wellFormed =
      blinded.length >= 1 &&
      blinded.length <= limits.batch &&
      blinded.every(looksLikePoint) &&
      purposes.has(purpose) &&
      (user === undefined || /^[A-Za-z0-9._-]{1,64}$/.test(user))
    if (!wellFormed) throw new TwiinError('TOKEN_REQUEST_INVALID')
    if (epoch !== this.#options.epoch) throw new TwiinError('TOKEN_EPOCH_UNKNOWN', { epoch })
  }

  async #count(ura: string, request: EvaluationRequest): Promise<void> {
    const { counters, clock } = this.#deps
    const day = new Date(clock.now()).toISOString().slice(0, 10)
    const node = { key: `node:${ura}`, limit: this.#options.nodeQuota(ura) }
    // Both or none: a user over quota does not eat the quota of the hospital, and a hospital over quota makes no counters
    // of ever new users.
    const user = { key: `user:${ura}:${request.user ?? ''}`, limit: this.#options.userQuota }
    const all = request.purpose === 'lookup' ? [user, node] : [node]
    const over = await counters.add(all, day, request.blinded.length)
    if (over !== undefined)
      throw new TwiinError('TOKEN_QUOTA_EXCEEDED', { of: over === node.key ? 'node' : 'user' })
  }

  async #record(
    caller: { ura: string; peerId: string },
    { epoch, purpose, blinded, user }: EvaluationRequest,
    reason?: string,
  ): Promise<void> {
    const hash = createHash('sha256')
    for (const point of blinded.slice(0, limits.batch)) hash.update(point)
    await this.#deps.record({
      at: this.#deps.clock.now(),
      ura: caller.ura,
      peerId: caller.peerId,
      ...(user === undefined ? {} : { user: user.slice(0, 64) }),
      epoch,
      purpose,
      count: blinded.length,
      requestHash: hash.digest('hex'),
      ...(reason === undefined ? { outcome: 'granted' } : { outcome: 'refused', reason }),
    })
  }
}

const purposes: ReadonlySet<string> = new Set<TokenPurpose>(['publish', 'lookup'])

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
