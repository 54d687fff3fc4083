import type { Basis, MitzAnswer, OrganisationCategory } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'

/** One closed question: may they have this patient's data from us? */
export interface ConsentQuestion {
  readonly bsn: Bsn
  readonly requester: { readonly ura: string; readonly category: OrganisationCategory }
  readonly basis: Basis
}

/** Where else patients say who may see what: Mitz (spec 08 §8). */
export interface ConsentSource {
  /**
   * `silent` when it is not there; `busy` when it is and nobody knows what it says: too much is being asked, or what it
   * answered is unclear. Never rejects.
   */
  ask(question: ConsentQuestion): Promise<MitzAnswer>
}
