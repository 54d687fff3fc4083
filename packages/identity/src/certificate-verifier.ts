import { createHash } from 'node:crypto'
import { isTwiinError, type Clock } from '@twiin/runtime'
import {
  checkPeriod,
  commonPeriod,
  isIssuedBy,
  isIssuedByRoot,
  readCertificate,
  validatePath,
  type Period,
  type ReadCertificate,
} from './chain.ts'
import { splitCredential } from './credential.ts'
import { checkUsage, readNodeCertificate, refuse, type NodeCertificate } from './node-certificate.ts'
import { derOf } from './pem.ts'

const maxRemembered = 1024

/** Judges what a peer presents, in the order of spec 01 §4. Revocation is not its business: the network bundle tells that. */
export class CertificateVerifier {
  readonly #trustDomain: string
  readonly #clock: Pick<Clock, 'now'>
  readonly #root: ReadCertificate
  /**
   * Accepted pairs of certificates by SHA-256, oldest first. Refusals are not remembered, and evidence is no part of the
   * pair: a stranger could fill the memory with the one, a peer with the other.
   */
  readonly #accepted = new Map<string, { certificate: NodeCertificate; period: Period }>()

  constructor(
    options: { trustDomain: string; rootCertificate: string },
    deps: { clock: Pick<Clock, 'now'> },
  ) {
    this.#trustDomain = options.trustDomain
    this.#root = readCertificate(derOf('CERTIFICATE', options.rootCertificate))
    this.#clock = deps.clock
  }

  /**
   * `presented` as made by `credentialOf`, at most 16 KiB; its evidence is not looked at. Throws a TwiinError with a
   * CertificateRefusal.
   */
  async verify(presented: Uint8Array): Promise<NodeCertificate> {
    const { leaf, issuing } = splitCredential(presented)
    const digest = createHash('sha256').update(leaf).update(issuing).digest('base64')
    const known = this.#accepted.get(digest)
    if (known !== undefined) {
      checkPeriod(known.period, this.#clock.now())
      return known.certificate
    }
    const accepted = await this.#judge(leaf, issuing).catch((error: unknown) => {
      // What makes a library stumble half-way is not readable either.
      throw isTwiinError(error) ? error : refuse('CERT_UNREADABLE', 'malformed', { cause: error })
    })
    if (this.#accepted.size >= maxRemembered) this.#accepted.delete(this.#accepted.keys().next().value!)
    this.#accepted.set(digest, accepted)
    return accepted.certificate
  }

  async #judge(leafDer: Uint8Array, issuingDer: Uint8Array) {
    const root = this.#root
    const issuing = readCertificate(issuingDer)
    if (!isIssuedByRoot(root.signed, issuing.signed))
      throw refuse('CERT_CHAIN', 'issuer is not a CA of our root')
    const leaf = readCertificate(leafDer)
    if (!isIssuedBy(issuing.signed, leaf.signed))
      throw refuse('CERT_CHAIN', 'not issued by the presented issuer')
    const period = commonPeriod([root, issuing, leaf])
    const now = this.#clock.now()
    checkPeriod(period, now)
    checkUsage(leaf.said)
    const withinTolerance = Math.max(period.notBefore, Math.min(now, period.notAfter))
    await validatePath(root.said, issuing.said, leaf.said, withinTolerance)
    return { certificate: readNodeCertificate(leaf.said, leafDer, this.#trustDomain), period }
  }
}
