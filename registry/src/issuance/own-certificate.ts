import { credentialOf, derOf } from '@twiin/identity'
import { evidence } from '@twiin/protocol'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { KnownCertificate, Register } from '../ledger/register.ts'
import { inRounds } from '../log/in-rounds.ts'
import type { TransparencyLog } from '../log/transparency-log.ts'
import type { Certification } from './certification.ts'

interface Deps {
  readonly register: Register
  readonly certification: Certification
  readonly transparency: TransparencyLog
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The registry is a peer like any other: it certifies itself as a keeper, renews after a third of the life, and carries
 * the evidence that its certificate is logged (spec 11 §5).
 */
export class OwnCertificate implements Service {
  readonly name = 'own certificate'
  readonly #peerId: string
  readonly #issuing: Uint8Array
  readonly #deps: Deps
  readonly #refresh = inRounds(() => this.#prepare())
  #credential: Uint8Array | undefined

  constructor(options: { peerId: string; issuingCertificate: string }, deps: Deps) {
    this.#peerId = options.peerId
    this.#issuing = derOf('CERTIFICATE', options.issuingCertificate)
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { transparency, log } = this.#deps
    transparency.onChanged(() => {
      this.#refresh().catch((error: unknown) =>
        log.error('own evidence not renewed', { code: codeOf(error) }),
      )
    })
    await this.renewWhenDue()
    await this.#refresh()
  }

  async stop(): Promise<void> {
    await this.#refresh().catch(() => {})
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
      // The one in use is good for another twenty days; and one that only reads must start all the same.
      const mayGoOn = register.isActive(this.#peerId, clock.now()) || isReadOnly(error)
      if (!mayGoOn) throw error
      log.error('own certificate not renewed', { code: codeOf(error) })
    }
  }

  /** Throws NOT_READY before `start`. */
  credential(): Uint8Array {
    if (this.#credential === undefined) throw new TwiinError('NOT_READY', { waitsFor: 'certificate' })
    return this.#credential
  }

  /** The newest certificate that nodes will believe; while the newest is not cosigned yet, the one before goes on. */
  async #prepare(): Promise<void> {
    const { register, clock, transparency } = this.#deps
    const valid = (register.keys.get(this.#peerId)?.serials ?? [])
      .map((serial) => register.certificates.get(serial))
      .filter((known) => known !== undefined && known.notAfter > clock.now())
      .reverse() as KnownCertificate[]
    for (const { certificate, index } of valid) {
      try {
        const proof = evidence.encode(await transparency.evidenceOf(index))
        this.#credential = credentialOf(Buffer.from(certificate, 'base64'), this.#issuing, proof)
        return
      } catch (error) {
        if (!isReadOnly(error) && codeOf(error) !== 'LOG_NOT_COSIGNED') throw error
      }
    }
    const [newest] = valid
    // Better than nothing: peers say what they miss in it.
    if (newest !== undefined)
      this.#credential ??= credentialOf(Buffer.from(newest.certificate, 'base64'), this.#issuing)
  }
}

function isReadOnly(error: unknown): boolean {
  return ['LEDGER_BEHIND', 'LEDGER_UNCONFIRMED'].includes(codeOf(error))
}
