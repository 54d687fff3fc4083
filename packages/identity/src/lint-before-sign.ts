import { X509Certificate, createPublicKey, type KeyObject } from 'node:crypto'
import { lifetimes } from './certificate-profile.ts'
import { CertificateVerifier } from './certificate-verifier.ts'
import { commonPeriod, isIssuedByRoot, readCertificate } from './chain.ts'
import { credentialOf } from './credential.ts'
import { generateRsaKey } from './key-ceremony.ts'
import { refuse, type NodeCertificate } from './node-certificate.ts'
import { derOf, pemOf } from './pem.ts'
import { signerOf, type Signer } from './signer.ts'
import * as write from './write-certificate.ts'

/** Root and issuing CA under which a certificate is judged. The root is PEM, as verifiers take it; the other is DER. */
interface Hierarchy {
  readonly rootCertificate: string
  readonly issuing: Uint8Array
}

/**
 * Signs node certificates, each judged twice by the verifier that every node uses. Before: the very bytes that are to be
 * signed, under a stand-in of our hierarchy, so that our key is never asked for what the verifier refuses. After: the
 * real certificate under the real hierarchy, so that nothing leaves that does not verify. spec 01 §3.
 */
export class LintBeforeSign {
  readonly #trustDomain: string
  readonly #signer: Signer
  readonly #real: Hierarchy
  #standIn: Promise<Hierarchy & { readonly signer: Signer }> | undefined

  constructor(
    options: { trustDomain: string; rootCertificate: string; issuingCertificate: string },
    deps: { signer: Signer },
  ) {
    this.#trustDomain = options.trustDomain
    this.#signer = deps.signer
    this.#real = {
      rootCertificate: options.rootCertificate,
      issuing: derOf('CERTIFICATE', options.issuingCertificate),
    }
  }

  /** Throws the verifier's code (CertificateRefusal) when either judgement is no. */
  async issue(content: write.CertificateContent): Promise<NodeCertificate> {
    const tbs = write.toBeSigned(content)
    this.#standIn ??= standInFor(this.#real)
    const standIn = await this.#standIn
    await this.#judge(await write.signCertificate(tbs, standIn.signer), standIn)
    return this.#judge(await write.signCertificate(tbs, this.#signer), this.#real)
  }

  /** At its first moment, and at the last at which it is believed: a certificate that outlives its issuer is refused. */
  async #judge(der: Uint8Array, { rootCertificate, issuing }: Hierarchy): Promise<NodeCertificate> {
    const { notBefore, notAfter } = commonPeriod([readCertificate(der)])
    let now = notBefore
    const options = { trustDomain: this.#trustDomain, rootCertificate }
    const verifier = new CertificateVerifier(options, { clock: { now: () => now } })
    const credential = credentialOf(der, issuing)
    await verifier.verify(credential)
    now = notAfter + lifetimes.tolerance
    return verifier.verify(credential)
  }
}

/**
 * Root and issuing CA with two keys of their own, made for this process and never written; every other byte is that of the
 * real ones, key identifiers too, so that a certificate for under the real ones fits under these.
 */
async function standInFor({ rootCertificate, issuing }: Hierarchy): Promise<Hierarchy & { signer: Signer }> {
  const root = derOf('CERTIFICATE', rootCertificate)
  // A hierarchy that does not hold together would get a stand-in that does.
  if (!isIssuedByRoot(new X509Certificate(root), new X509Certificate(issuing)))
    throw refuse('CERT_CHAIN', 'the issuing certificate is not a CA of the root')
  const [rootKey, issuingKey] = await Promise.all([generateRsaKey(keyBits), generateRsaKey(keyBits)])
  const certify = (certificate: Uint8Array, key: KeyObject) =>
    write.signCertificate(write.withOtherKey(certificate, spkiOf(key)), signerOf(rootKey))
  return {
    rootCertificate: pemOf('CERTIFICATE', await certify(root, rootKey)),
    issuing: await certify(issuing, issuingKey),
    signer: signerOf(issuingKey),
  }
}

/** Enough for a signature that nobody outside this process ever sees. */
const keyBits = 2048

const spkiOf = (key: KeyObject): Uint8Array => createPublicKey(key).export({ format: 'der', type: 'spki' })
