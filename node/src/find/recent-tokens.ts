import type { Bsn, PatientToken, PatientTokens, TokenPurpose } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'

/** As long as what a user authorised is good for (spec 05 §2). */
const keptMs = 24 * 3_600_000
const mostKept = 20_000

/**
 * Tokens of patients that were looked up lately, in memory only: a second look costs no quota, and works while the
 * keepers are away. Nothing about a patient who was merely looked up is written to disk.
 */
export class RecentTokens implements PatientTokens {
  readonly #source: PatientTokens
  readonly #epoch: () => number
  readonly #clock: Clock
  readonly #kept = new Map<string, { token: PatientToken; until: number }>()

  constructor(deps: { source: PatientTokens; epoch: () => number; clock: Clock }) {
    this.#source = deps.source
    this.#epoch = deps.epoch
    this.#clock = deps.clock
  }

  async tokens(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<PatientToken[]> {
    const now = this.#clock.now()
    const keyOf = (bsn: Bsn) => `${this.#epoch()}:${bsn}`
    const kept = bsns
      .map((bsn) => this.#kept.get(keyOf(bsn)))
      .map((entry) => (entry && entry.until > now ? entry.token : undefined))
    if (kept.every((token) => token !== undefined)) return kept
    const tokens = await this.#source.tokens(bsns, purpose, user)
    bsns.forEach((bsn, i) => {
      this.#kept.delete(keyOf(bsn))
      this.#kept.set(keyOf(bsn), { token: tokens[i] as PatientToken, until: now + keptMs })
    })
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break
      this.#kept.delete(key)
    }
    return tokens
  }
}
