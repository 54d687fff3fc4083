import { publicKeyOf, verifySignature } from '@twiin/identity'
import type { CertificateVerifier, NodeCertificate, SignatureDomain } from '@twiin/identity'
import type { Admission } from '@twiin/network'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { NetworkBundle } from './network-bundle.ts'

/** Clock difference between two hospitals that is put up with (spec 01). */
const toleranceMs = 5 * 60_000

/**
 * Who is admitted (spec 01 §4): a peer whose certificate verifies, belongs to the key it proved, and is not revoked.
 * Asked right after Noise, and again for every request and channel.
 */
export class Trust implements Admission {
  readonly #credential: () => Uint8Array
  readonly #verifier: CertificateVerifier
  readonly #bundle: NetworkBundle
  readonly #clock: Clock
  readonly #log: Logger
  readonly #admitted = new Map<string, NodeCertificate>()

  constructor(deps: {
    credential: () => Uint8Array
    verifier: CertificateVerifier
    bundle: NetworkBundle
    clock: Clock
    log: Logger
  }) {
    this.#credential = deps.credential
    this.#verifier = deps.verifier
    this.#bundle = deps.bundle
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
      if (this.#bundle.isSerialRevoked(certificate.serial))
        throw new TwiinError('CERT_REVOKED', { serial: certificate.serial })
      this.#admitted.set(peerId, certificate)
    } catch (error) {
      // The refused side sees no reason (libp2p drops it), so it is told here.
      this.#log.warn('peer refused', { peerId, code: codeOf(error) })
      throw error
    }
  }

  stillAdmitted(peerId: string): boolean {
    const certificate = this.#admitted.get(peerId)
    return (
      certificate !== undefined &&
      !this.#bundle.isSerialRevoked(certificate.serial) &&
      certificate.notAfter + toleranceMs > this.#clock.now()
    )
  }

  /** The certificate a connected peer showed. */
  certificateOf(peerId: string): NodeCertificate | undefined {
    return this.#admitted.get(peerId)
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
