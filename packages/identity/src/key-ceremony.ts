export interface CeremonyOptions {
  /** DNS-like name that every certificate of this network falls under, e.g. `twiin.example`. */
  readonly trustDomain: string
  readonly organisation: string
  readonly at: Date
  readonly passphrases: { readonly root: string; readonly issuing: string }
  /** Default 4096. */
  readonly rootKeyBits?: number
  /** Default 3072. */
  readonly issuingKeyBits?: number
}

/** All PEM; the keys are encrypted PKCS #8. The root key goes offline. */
export interface Ceremony {
  readonly rootCertificate: string
  readonly rootKey: string
  readonly issuingCertificate: string
  readonly issuingKey: string
}

/** Makes the root (10 years, path length 1) and the issuing CA (3 years, path length 0, constrained to the trust domain). */
export async function holdCeremony(options: CeremonyOptions): Promise<Ceremony> {
  throw new Error(`not written: ${options.trustDomain}`)
}
