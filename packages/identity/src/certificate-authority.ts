import type { Clock } from '@twiin/runtime'
import type { NodeRole } from './node-certificate.ts'
import type { Revocation } from './revocation-list.ts'
import type { Signer } from './signer.ts'
import type { SignedDocument } from './signed-document.ts'

export interface NodeSubject {
  readonly organisation: string
  readonly ura: string
  readonly agb?: string
  readonly declaredPatients: number
  readonly role: NodeRole
  /** Raw Ed25519, 32 bytes: the peer key, proven by a certificate request. */
  readonly publicKey: Uint8Array
  /** Besides `<ura>.<trust domain>`; all within the trust domain. */
  readonly dnsNames?: readonly string[]
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** The issuing CA at work. Never sees the root key. */
export class CertificateAuthority {
  constructor(
    options: { trustDomain: string },
    deps: {
      signer: Signer
      rootCertificate: string
      issuingCertificate: string
      clock: Pick<Clock, 'now'>
      random?: (bytes: number) => Uint8Array
    },
  ) {
    void [options, deps]
  }

  /**
   * A node certificate, by default valid from five minutes ago for 30 days. It is checked by the verifier every node
   * uses before it leaves here. Throws SUBJECT_INVALID, or the verifier's code when the lint fails.
   */
  async issueNodeCertificate(
    subject: NodeSubject,
    validity?: Validity,
  ): Promise<{ der: Uint8Array; serial: string }> {
    throw new Error(`not written: ${subject.ura} ${validity?.notAfter}`)
  }

  /** CRL v2 in DER. `nextUpdate` must lie beyond the longest registry outage to survive: a stale list refuses everyone. */
  async createRevocationList(list: {
    revoked: readonly Revocation[]
    number: number
    nextUpdate: Date
  }): Promise<Uint8Array> {
    throw new Error(`not written: ${list.number}`)
  }

  /** Signs a document for the whole network, such as the network bundle. */
  async signDocument(payload: Uint8Array): Promise<SignedDocument> {
    throw new Error(`not written: ${payload.length}`)
  }
}
