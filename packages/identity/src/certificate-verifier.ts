import type { Clock } from '@twiin/runtime'
import type { NodeCertificate } from './node-certificate.ts'

/** Judges what a peer presents. Revocation is not its business: that is the network bundle's. */
export class CertificateVerifier {
  constructor(
    options: { trustDomain: string; rootCertificate: string },
    deps: { clock: Pick<Clock, 'now'> },
  ) {
    void [options, deps]
  }

  /** `presented` as made by `credentialOf`, at most 16 KiB. Throws a TwiinError with a CertificateRefusal. */
  async verify(presented: Uint8Array): Promise<NodeCertificate> {
    throw new Error(`not written: ${presented.length}`)
  }
}
