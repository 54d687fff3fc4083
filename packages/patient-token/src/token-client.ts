import { randomInt } from 'node:crypto'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Bsn } from './bsn.ts'
import { limits } from './evaluation.ts'
import type { EvaluationAnswer, EvaluationRequest, TokenKeeperPeer, TokenKeepers } from './evaluation.ts'
import { mapInTurns } from './in-turns.ts'
import { privateInput } from './patient-token.ts'
import type { PatientToken, PatientTokens, TokenPurpose } from './patient-token.ts'
import { same } from './ristretto255.ts'
import type { Random } from './ristretto255.ts'
import { combine, lagrangeWeights } from './shares.ts'
import { blind, finalize, verify } from './voprf.ts'

/**
 * Obtains tokens: blinds the BSNs, has as many keepers as the threshold asks evaluate them, checks every proof, combines
 * and unblinds. A keeper that fails or cheats is replaced by another while there is one.
 *
 * Errors: TOKEN_QUOTA_EXCEEDED, TOKEN_KEEPER_CHEATED (fact `keeper`), TOKEN_KEEPERS_INVALID (the published keys are not
 * shares of the group key), TOKEN_UNAVAILABLE (fact `reason`: the last keeper's code).
 */
export class TokenClient implements PatientTokens {
  readonly #batch: number
  readonly #deps: { keepers: () => TokenKeepers; random?: Random; cheated?: (keeper: number) => void }

  /** `cheated` is told which keeper answered with a wrong proof, also when others could replace it. */
  constructor(
    options: { batch?: number },
    deps: { keepers: () => TokenKeepers; random?: Random; cheated?: (keeper: number) => void },
  ) {
    this.#batch = Math.min(options.batch ?? limits.batch, limits.batch)
    this.#deps = deps
  }

  async tokens(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<PatientToken[]> {
    const distinct = [...new Set(bsns)]
    const found = new Map<Bsn, PatientToken>()
    for (let start = 0; start < distinct.length; start += this.#batch) {
      const batch = distinct.slice(start, start + this.#batch)
      const tokens = await this.#batchOf(batch, purpose, user)
      for (const [i, bsn] of batch.entries()) found.set(bsn, tokens[i] as PatientToken)
    }
    return bsns.map((bsn) => found.get(bsn) as PatientToken)
  }

  async #batchOf(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<Uint8Array[]> {
    const keepers = this.#deps.keepers()
    const secrets = await mapInTurns(bsns, (bsn) => {
      const input = privateInput(bsn)
      return { input, ...blind(input, this.#deps.random) }
    })
    const blinded = secrets.map((secret) => secret.blinded)
    const request = { epoch: keepers.epoch, purpose, blinded, ...(user === undefined ? {} : { user }) }
    const shares = await this.#collect(keepers, request)

    const weights = lagrangeWeights(shares.map(({ keeper }) => keeper.index))
    const publicKeys = shares.map(({ keeper }) => keeper.publicKey)
    // spec 02 §4: the shares that answered must be shares of the published group key.
    if (!same(combine(weights, publicKeys), keepers.publicKey)) {
      throw new TwiinError('TOKEN_KEEPERS_INVALID', { epoch: keepers.epoch })
    }
    return mapInTurns(secrets, ({ input, blind }, i) => {
      const points = shares.flatMap(({ answer }) => answer.evaluated.slice(i, i + 1))
      return finalize(input, blind, combine(weights, points))
    })
  }

  /** As many verified answers as the threshold asks, from keepers in random order: each counts what it evaluates. */
  async #collect(keepers: TokenKeepers, request: EvaluationRequest): Promise<Share[]> {
    const indices = new Set(keepers.keepers.map(({ index }) => index))
    if (keepers.threshold < 1 || indices.size !== keepers.keepers.length || indices.has(0)) {
      throw new TwiinError('TOKEN_KEEPERS_INVALID', { epoch: keepers.epoch })
    }
    const waiting = shuffled(keepers.keepers)
    const shares: Share[] = []
    const failures: TwiinError[] = []
    while (shares.length < keepers.threshold) {
      const asked = waiting.splice(0, keepers.threshold - shares.length)
      if (asked.length < keepers.threshold - shares.length) throw worst(failures)
      for (const result of await Promise.all(asked.map((keeper) => this.#ask(keeper, request)))) {
        if (result instanceof TwiinError) failures.push(result)
        else shares.push(result)
      }
    }
    return shares
  }

  async #ask(keeper: TokenKeeperPeer, request: EvaluationRequest): Promise<Share | TwiinError> {
    let answer: EvaluationAnswer
    try {
      answer = await keeper.evaluate(request)
    } catch (cause) {
      const facts = { keeper: keeper.index, reason: codeOf(cause) }
      const code = codeOf(cause) === 'TOKEN_QUOTA_EXCEEDED' ? 'TOKEN_QUOTA_EXCEEDED' : 'TOKEN_UNAVAILABLE'
      return new TwiinError(code, facts, { cause })
    }
    // spec 02 §4: no share counts before its proof was checked against that keeper's published key.
    if (
      answer.keeper === keeper.index &&
      (await verify(keeper.publicKey, request.blinded, answer.evaluated, answer.proof))
    ) {
      return { keeper, answer }
    }
    this.#deps.cheated?.(keeper.index)
    return new TwiinError('TOKEN_KEEPER_CHEATED', { keeper: keeper.index })
  }
}

interface Share {
  readonly keeper: TokenKeeperPeer
  readonly answer: EvaluationAnswer
}

/** The failure that says most about what to do: cheating is an incident, a quota ends with the day, the rest passes. */
function worst(failures: readonly TwiinError[]): TwiinError {
  const byCode = (code: string) => failures.find((failure) => failure.code === code)
  return (
    byCode('TOKEN_KEEPER_CHEATED') ??
    byCode('TOKEN_QUOTA_EXCEEDED') ??
    failures.at(-1) ??
    new TwiinError('TOKEN_UNAVAILABLE', { reason: 'NO_KEEPERS' })
  )
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: randomInt(2 ** 32) }))
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item)
}
