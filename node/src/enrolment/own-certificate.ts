import { X509Certificate } from 'node:crypto'
import { credentialOf, derOf } from '@twiin/identity'
import type { CertificateVerifier, NodeCertificate } from '@twiin/identity'
import { TwiinError, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** A certificate of this node as it has it: both DER parts, and what it says. */
export interface OwnCertificate {
  readonly pem: string
  readonly leaf: Uint8Array
  readonly issuing: Uint8Array
  readonly certificate: NodeCertificate
}

/** Whose certificate it has to be. */
interface Owner {
  readonly peerId: string
  readonly ura: string
}

/**
 * Reads the PEM of a certificate and its issuer, and judges it as a peer would. With `mayHaveExpired` it is judged as of its
 * last moment. Throws CERT_*.
 */
export async function readOwnCertificate(
  pem: string,
  options: { owner: Owner; mayHaveExpired: boolean },
  verifierFor: (clock?: Pick<Clock, 'now'>) => CertificateVerifier,
): Promise<OwnCertificate> {
  const [first, second] = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (first === undefined || second === undefined)
    throw new TwiinError('CERT_UNREADABLE', { blocks: first === undefined ? 0 : 1 })
  const [leaf, issuing] = [derOf('CERTIFICATE', first), derOf('CERTIFICATE', second)]
  const credential = credentialOf(leaf, issuing)
  const certificate = await verifierFor()
    .verify(credential)
    .catch((error: unknown) => {
      if (!options.mayHaveExpired || !isTwiinError(error, 'CERT_EXPIRED')) throw error
      const end = new X509Certificate(leaf).validToDate.getTime()
      return verifierFor({ now: () => end }).verify(credential)
    })
  const { owner } = options
  if (certificate.peerId !== owner.peerId)
    throw new TwiinError('CERT_PEER_MISMATCH', { peerId: certificate.peerId })
  if (certificate.ura !== owner.ura) throw new TwiinError('CERT_SUBJECT', { ura: certificate.ura })
  return { pem, leaf, issuing, certificate }
}
