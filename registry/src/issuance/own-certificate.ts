import { credentialOf, derOf } from '@twiin/identity'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import type { Register } from '../ledger/register.ts'
import type { Certification } from './certification.ts'

/** The registry is a peer like any other: it certifies itself as a keeper and renews after a third of the life. */
export class OwnCertificate {
  readonly #peerId: string
  readonly #issuing: Uint8Array
  readonly #deps: { register: Register; certification: Certification; clock: Clock; log: Logger }

  constructor(
    options: { peerId: string; issuingCertificate: string },
    deps: { register: Register; certification: Certification; clock: Clock; log: Logger },
  ) {
    this.#peerId = options.peerId
    this.#issuing = derOf('CERTIFICATE', options.issuingCertificate)
    this.#deps = deps
  }

  async renewWhenDue(): Promise<void> {
    const { register, clock, certification, log } = this.#deps
    const newest = register.newestCertificate(this.#peerId)
    if (newest !== undefined && clock.now() < newest.notBefore + (newest.notAfter - newest.notBefore) / 3)
      return
    try {
      const { serial } = await certification.certifyKeeper(this.#peerId)
      log.info('own certificate issued', { serial })
    } catch (error) {
      // The one in use is good for another twenty days.
      if (!register.isActive(this.#peerId, clock.now())) throw error
      log.error('own certificate not renewed', { code: codeOf(error) })
    }
  }

  credential(): Uint8Array {
    const newest = this.#deps.register.newestCertificate(this.#peerId)
    if (newest === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'certificate' })
    return credentialOf(Buffer.from(newest.certificate, 'base64'), this.#issuing)
  }
}
