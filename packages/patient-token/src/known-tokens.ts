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
    const now = epoch()
    const found = new Map<Bsn, PatientToken>()
    for (const bsn of new Set(bsns)) {
      const token = await known.get(now, bsn)
      if (token !== undefined) found.set(bsn, token)
    }
    const missing = [...new Set(bsns)].filter((bsn) => !found.has(bsn))
    const fetched = missing.length === 0 ? [] : await source.tokens(missing, purpose, user)
    for (const [i, bsn] of missing.entries()) {
      const token = fetched[i]
      if (token === undefined) continue
      found.set(bsn, token)
      // The epoch may have turned while the keepers answered: a token under the wrong epoch would never be found again.
      if (purpose === 'publish' && epoch() === now) await known.put(now, bsn, token)
    }
    return bsns.flatMap((bsn) => found.get(bsn) ?? [])
  }
}
