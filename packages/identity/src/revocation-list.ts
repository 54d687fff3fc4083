export type RevocationReason = 'keyCompromise' | 'affiliationChanged' | 'superseded' | 'cessationOfOperation'

export interface Revocation {
  /** As in NodeCertificate. */
  readonly serial: string
  readonly at: Date
  readonly reason: RevocationReason
}
