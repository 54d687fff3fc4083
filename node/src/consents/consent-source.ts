import type { Basis, Decision, OrganisationCategory } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'

/** One closed question: may they have this patient's data from us? */
export interface ConsentQuestion {
  readonly bsn: Bsn
  readonly requester: { readonly ura: string; readonly category: OrganisationCategory }
  readonly role: string
  readonly basis: Basis
}

/** Where else patients say who may see what: Mitz (spec 08 §8). */
export interface ConsentSource {
  /** Undefined when there is no answer, for whatever reason. Never rejects, and answers in time. */
  ask(question: ConsentQuestion): Promise<Decision | undefined>
}
