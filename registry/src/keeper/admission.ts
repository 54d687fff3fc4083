import type { CertificateVerifier } from '@twiin/identity'
import type { Admission } from '@twiin/network'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Register } from '../ledger/register.ts'

/** Who reaches the keeper (spec 01 §4): a peer with a certificate that verifies, that we issued, and that is not revoked now. */
export class RegisteredPeers implements Admission {
  readonly #deps: {
    credential: () => Uint8Array
    verifier: CertificateVerifier
    register: Register
    clock: Clock
    log: Logger
  }

  constructor(
    _options: object,
    deps: {
      credential: () => Uint8Array
      verifier: CertificateVerifier
      register: Register
      clock: Clock
      log: Logger
    },
  ) {
    this.#deps = deps
  }

  credential(): Uint8Array {
    return this.#deps.credential()
  }

  async verify(presented: Uint8Array, peerId: string): Promise<void> {
    const { verifier, register, log } = this.#deps
    try {
      const certificate = await verifier.verify(presented)
      if (certificate.peerId !== peerId) throw new TwiinError('CERT_PEER_MISMATCH', { peerId })
      const known = register.certificates.get(certificate.serial)
      // The ledger is the truth: a certificate it does not know was made with a stolen issuing key.
      if (known === undefined || known.peerId !== peerId) throw new TwiinError('CERT_NOT_IN_LEDGER')
      if (known.revoked !== undefined) throw new TwiinError('CERT_REVOKED', { serial: known.serial })
    } catch (error) {
      log.warn('peer refused', { peerId, code: codeOf(error) })
      throw error
    }
  }

  stillAdmitted(peerId: string): boolean {
    return this.#deps.register.isActive(peerId, this.#deps.clock.now())
  }
}
