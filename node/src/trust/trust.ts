import { publicKeyOf, splitCredential, verifySignature } from '@twiin/identity'
import type { CertificateVerifier, NodeCertificate, SignatureDomain } from '@twiin/identity'
import type { Admission } from '@twiin/network'
import { evidence as evidenceType } from '@twiin/protocol'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { AdmittedCertificates } from './admitted-certificates.ts'
import { freshnessOf } from './freshness.ts'
import { requireLogged } from './judge-evidence.ts'
import type { LogView } from './log-view.ts'
import type { NetworkBundle } from './network-bundle.ts'

/** Clock difference between two hospitals that is put up with (spec 01). */
const toleranceMs = 5 * 60_000

/**
 * Who is admitted (spec 01 §4, spec 11 §6): a peer whose certificate verifies, belongs to the key it proved, stands in the
 * log, and is not cut off, by a bundle that is not too old. Asked right after Noise, and again for every request and channel.
 */
export class Trust implements Admission {
  readonly #credential: () => Uint8Array
  readonly #verifier: CertificateVerifier
  readonly #bundle: NetworkBundle
  readonly #logView: LogView
  readonly #known: AdmittedCertificates
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  readonly #admitted = new Map<string, NodeCertificate>()
  readonly #presented = new Map<string, Uint8Array>()

  constructor(deps: {
    credential: () => Uint8Array
    verifier: CertificateVerifier
    bundle: NetworkBundle
    logView: LogView
    known: AdmittedCertificates
    clock: Pick<Clock, 'now'>
    log: Logger
  }) {
    this.#credential = deps.credential
    this.#verifier = deps.verifier
    this.#bundle = deps.bundle
    this.#logView = deps.logView
    this.#known = deps.known
    this.#clock = deps.clock
    this.#log = deps.log
  }

  credential(): Uint8Array {
    return this.#credential()
  }

  async verify(presented: Uint8Array, peerId: string): Promise<void> {
    try {
      const certificate = await this.#verifier.verify(presented)
      if (certificate.peerId !== peerId) throw new TwiinError('CERT_PEER_MISMATCH', { peerId })
      this.#judge(certificate, splitCredential(presented).evidence)
      this.#known.remember(certificate.fingerprint)
      this.#admitted.set(peerId, certificate)
      this.#presented.set(peerId, Uint8Array.from(presented))
    } catch (error) {
      // The refused side sees no reason (libp2p drops it), so it is told here.
      const facts = isTwiinError(error) ? error.facts : {}
      this.#log.warn('peer refused', { ...facts, peerId, code: codeOf(error) })
      throw error
    }
  }

  stillAdmitted(peerId: string): boolean {
    const certificate = this.#admitted.get(peerId)
    return (
      certificate !== undefined &&
      certificate.notAfter + toleranceMs > this.#clock.now() &&
      this.#refusalNow(certificate) === undefined
    )
  }

  /** What an admitted peer presented last, byte for byte. */
  presentedBy(peerId: string): Uint8Array | undefined {
    return this.#presented.get(peerId)
  }

  /** The certificate a connected peer showed. */
  certificateOf(peerId: string): NodeCertificate | undefined {
    return this.#admitted.get(peerId)
  }

  /** In the order of spec 11 §6. */
  #judge(certificate: NodeCertificate, evidenceBytes: Uint8Array | undefined): void {
    const { serial, peerId, fingerprint } = certificate
    const evidence = evidenceBytes === undefined ? undefined : readEvidence(evidenceBytes)
    // First, for this very checkpoint may be the one that contradicts.
    if (evidence !== undefined) this.#logView.note(evidence.checkpoint, `credential of ${peerId}`)
    // Before its evidence is judged: whoever is cut may well show an old one, and the log must say why it stays outside.
    const cut = this.#cutOf(certificate)
    if (cut !== undefined) throw new TwiinError(cut, { serial })
    if (this.#logView.distrust !== undefined && !this.#known.has(fingerprint))
      throw new TwiinError('LOG_DISTRUSTED', { serial })
    requireLogged(certificate.der, evidence, this.#bundle.trustedLog())
    const refusal = this.#refusalNow(certificate)
    if (refusal !== undefined) throw new TwiinError(refusal, { serial })
  }

  /** What changes while a connection is open. In memory: asked for every stream. */
  #refusalNow(certificate: NodeCertificate): string | undefined {
    const cut = this.#cutOf(certificate)
    if (cut !== undefined) return cut
    const { state } = freshnessOf(this.#bundle.current.issuedAt, this.#clock.now())
    const isOld = state === 'NO_NEWCOMERS' || state === 'BUNDLE_EXPIRED'
    if (isOld && !this.#bundle.lists(certificate.peerId)) return 'NEWCOMER_WHILE_STALE'
    return state === 'BUNDLE_EXPIRED' ? 'BUNDLE_EXPIRED' : undefined
  }

  #cutOf({ peerId, serial }: NodeCertificate): 'CERT_REVOKED' | 'CERT_SUSPENDED' | undefined {
    const cut = this.#bundle.cutOf(peerId, serial)
    if (cut === undefined) return
    return cut === 'revoked' ? 'CERT_REVOKED' : 'CERT_SUSPENDED'
  }
}

/** Undefined for what is no evidence: it is then as good as none. */
function readEvidence(bytes: Uint8Array) {
  try {
    return evidenceType.decode(bytes)
  } catch {
    return undefined
  }
}

/** Ed25519 signatures by peer ID, whose key it is. Never throws. */
export function verifyByPeerId(
  peerId: string,
  domain: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verifySignature(publicKeyOf(peerId), domain as SignatureDomain, message, signature)
  } catch {
    return false
  }
}
