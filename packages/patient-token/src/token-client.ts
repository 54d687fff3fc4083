import { TwiinError, codeOf } from '@twiin/runtime'
import type { Bsn } from './bsn.ts'
import { limits } from './evaluation.ts'
import type { EvaluationRequest, TokenKeeperPeer, TokenKeepers } from './evaluation.ts'
import { privateInput } from './patient-token.ts'
import type { PatientToken, PatientTokens, TokenPurpose } from './patient-token.ts'
import { same } from './ristretto255.ts'
import type { Random } from './ristretto255.ts'
import { combine, lagrangeWeights } from './shares.ts'
import { blind, finalize, verify } from './voprf.ts'

type Share = { index: number; publicKey: Uint8Array; evaluated: readonly Uint8Array[] }

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
      batch.forEach((bsn, i) => found.set(bsn, tokens[i] as PatientToken))
    }
    return bsns.map((bsn) => found.get(bsn) as PatientToken)
  }

  async #batchOf(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<Uint8Array[]> {
    throw new TwiinError('TOKEN_UNAVAILABLE', { count: bsns.length, purpose, user })
  }
}
