import type { Bsn } from './bsn.ts'
import type { PatientToken, PatientTokens, TokenPurpose } from './patient-token.ts'

/** The tokens of a node's own patients, sealed where they are stored. */
export interface KnownTokens {
  get(epoch: number, bsn: Bsn): Promise<PatientToken | undefined>
  put(epoch: number, bsn: Bsn, token: PatientToken): Promise<void>
}

/**
 * Asks the known tokens first and the keepers for the rest, so that own patients stay findable without keepers.
 * Only tokens obtained to publish are kept: a patient who was merely looked up is not this node's to remember.
 */
export class CachedTokens implements PatientTokens {
  readonly #deps: { known: KnownTokens; source: PatientTokens; epoch: () => number }

  constructor(_options: object, deps: { known: KnownTokens; source: PatientTokens; epoch: () => number }) {
    this.#deps = deps
  }

  async tokens(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<PatientToken[]> {
    const { known, source, epoch } = this.#deps
    const asOf = epoch()
    const distinct = [...new Set(bsns)]
    const stored = await Promise.all(distinct.map((bsn) => known.get(asOf, bsn)))
    const missing = distinct.filter((_, i) => stored[i] === undefined)
    const fetched = missing.length === 0 ? [] : await source.tokens(missing, purpose, user)
    // When the epoch turned meanwhile, nobody can say which epoch these belong to: give out, do not keep.
    if (purpose === 'publish' && epoch() === asOf) {
      await Promise.all(fetched.map((token, i) => known.put(asOf, missing[i] as Bsn, token)))
    }
    const found = new Map(distinct.map((bsn, i) => [bsn, stored[i]]))
    missing.forEach((bsn, i) => found.set(bsn, fetched[i]))
    return bsns.map((bsn) => found.get(bsn) as PatientToken)
  }
}
