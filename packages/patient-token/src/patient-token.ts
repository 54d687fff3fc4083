import { hkdfSync } from 'node:crypto'
import type { Bsn } from './bsn.ts'

/** OPRF output, 64 bytes: the secret from which a patient's index location and sealing keys are derived, per epoch. */
export type PatientToken = Uint8Array & { readonly brand: 'PatientToken' }

/** Why a token is asked for: to publish an own patient, or to look one up. Counted and audited apart. */
export type TokenPurpose = 'publish' | 'lookup'

/** Where tokens come from: the keepers, or a cache before them. The answer has the order and length of `bsns`. */
export interface PatientTokens {
  /** `user`: pseudonym of the user behind a lookup, for the quota per user. Errors: see TokenClient. */
  tokens(bsns: readonly Bsn[], purpose: TokenPurpose, user?: string): Promise<PatientToken[]>
}

/** The private input of the OPRF for a BSN. Spec 02 §2. */
export function privateInput(bsn: Bsn): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', bsn, '', 'twiin|patient|v1|NL|BSN', 32))
}
