import { X509Certificate } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import { Certificate, CertificateChainValidationEngine } from 'pkijs'
import { lifetimes } from './certificate-profile.ts'
import { refuse } from './node-certificate.ts'

export interface Period {
  readonly notBefore: number
  readonly notAfter: number
}

/** Certificates as node:crypto (signatures) and pkijs (everything they say) read them. Throws CERT_UNREADABLE. */
export interface ReadCertificate {
  readonly signed: X509Certificate
  readonly said: Certificate
}

export function readCertificate(der: Uint8Array): ReadCertificate {
  try {
    return { signed: new X509Certificate(der), said: Certificate.fromBER(der) }
  } catch (cause) {
    throw refuse('CERT_UNREADABLE', 'not a certificate', { cause })
  }
}

/**
 * Whether `issuing` is a CA right under `root`, and not the root's own key again: that issues no nodes.
 * The bytes come from the network, so signatures are looked at before anything else.
 */
export function isIssuedByRoot(root: X509Certificate, issuing: X509Certificate): boolean {
  return isIssuedBy(root, issuing) && issuing.ca && !issuing.publicKey.equals(root.publicKey)
}

/** Names, key identifiers and the right to sign certificates (OpenSSL's X509_check_issued), then the signature. */
export function isIssuedBy(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
  } catch {
    return false // a key or signature of a kind OpenSSL does not know
  }
}

/** The time in which all of these are valid. */
export function commonPeriod(certificates: readonly ReadCertificate[]): Period {
  return {
    notBefore: Math.max(...certificates.map(({ said }) => said.notBefore.value.getTime())),
    notAfter: Math.min(...certificates.map(({ said }) => said.notAfter.value.getTime())),
  }
}

/** Throws CERT_NOT_YET_VALID, CERT_EXPIRED. Clocks may be five minutes off. */
export function checkPeriod({ notBefore, notAfter }: Period, now: number): void {
  // `!(a >= b)`: a date that did not parse is NaN, and is refused.
  if (!(now >= notBefore - lifetimes.tolerance)) throw new TwiinError('CERT_NOT_YET_VALID', { notBefore })
  if (!(now <= notAfter + lifetimes.tolerance)) throw new TwiinError('CERT_EXPIRED', { notAfter })
}

/**
 * RFC 5280 §6 path validation by pkijs: CA flags, path lengths, names, name constraints. Signatures are known to be
 * good by now, so that nothing but what our own CA signed gets this far. Throws CERT_CHAIN, CERT_CONSTRAINT.
 */
export async function validatePath(
  root: Certificate,
  issuing: Certificate,
  leaf: Certificate,
  at: number,
): Promise<void> {
  const engine = new CertificateChainValidationEngine({
    trustedCerts: [root],
    certs: [issuing, leaf],
    checkDate: new Date(at),
  })
  const { result, resultCode, resultMessage } = await engine.verify()
  if (result) return
  const constrained = resultCode === failedPermitted || resultCode === failedExcluded
  throw refuse(constrained ? 'CERT_CONSTRAINT' : 'CERT_CHAIN', resultMessage)
}

/** Result codes of pkijs for name constraints. */
const failedPermitted = 41
const failedExcluded = 42

/** The subject name of a certificate of our own, as it stands in it: an issuer name must equal it byte for byte. */
export function subjectNameOf(der: Uint8Array): Uint8Array {
  return new Uint8Array(Certificate.fromBER(der).subject.toSchema().toBER())
}
