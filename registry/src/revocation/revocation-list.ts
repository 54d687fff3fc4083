import { pemOf } from '@twiin/identity'
import type { CertificateAuthority, Revocation } from '@twiin/identity'
import type { Clock } from '@twiin/runtime'
import type { KnownCertificate, Register } from '../ledger/register.ts'
import { revocationReasons } from './reasons.ts'

const day = 86_400_000
/** A verifier refuses every peer once the list is stale, so it outlives the longest outage that may go unnoticed. */
const listLifetimeMs = 60 * day

/** What is revoked or suspended, in the form that ordinary tools read. spec 06 §4 */
export class RevocationList {
  readonly #register: Register
  readonly #authority: CertificateAuthority
  readonly #clock: Clock
  #list: { number: number; pem: Promise<string> } | undefined

  constructor(_options: object, deps: { register: Register; authority: CertificateAuthority; clock: Clock }) {
    this.#register = deps.register
    this.#authority = deps.authority
    this.#clock = deps.clock
  }

  /** X.509 CRL v2, PEM. Its number is the bundle version that says the same. */
  async pem(): Promise<string> {
    const number = this.#register.published?.version ?? 0
    if (this.#list?.number !== number) this.#list = { number, pem: this.#make(number) }
    return this.#list.pem
  }

  async #make(number: number): Promise<string> {
    const now = this.#clock.now()
    const revoked = [...this.#register.certificates.values()].flatMap((certificate) =>
      certificate.notAfter < now - listLifetimeMs ? [] : this.#entryOf(certificate),
    )
    const nextUpdate = new Date(now + listLifetimeMs)
    return pemOf('X509 CRL', await this.#authority.createRevocationList({ revoked, number, nextUpdate }))
  }

  #entryOf({ serial, peerId, revoked }: KnownCertificate): Revocation[] {
    const ended = this.#register.keys.get(peerId)?.ended
    if (revoked !== undefined) {
      const reason = revocationReasons.find((known) => known === revoked.reason) ?? 'unspecified'
      return [{ serial, at: new Date(revoked.at), reason }]
    }
    // RFC 5280 §5.3.1: alone of all reasons, it may be gone from a later list.
    if (ended?.state === 'suspended') return [{ serial, at: new Date(ended.at), reason: 'certificateHold' }]
    return []
  }
}
