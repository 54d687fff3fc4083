import { pemOf } from '@twiin/identity'
import type { CertificateAuthority, RevocationReason } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'

const day = 86_400_000
/** A verifier refuses every peer once the list is stale, so it outlives the longest outage that may go unnoticed. */
const listLifetimeMs = 60 * day

const reasons: readonly RevocationReason[] = [
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
]

/** Ends a key, when two people say so, and tells the world in the form that ordinary tools read. spec 06 §4 */
export class Revocations {
  readonly #books: Books
  readonly #authority: CertificateAuthority
  readonly #clock: Clock
  #list: { number: number; pem: Promise<string> } | undefined

  constructor(_options: object, deps: { books: Books; authority: CertificateAuthority; clock: Clock }) {
    this.#books = deps.books
    this.#authority = deps.authority
    this.#clock = deps.clock
  }

  /** Throws NOT_FOUND, KEEPER_KEY, ALREADY_REVOKED, SECOND_PERSON_REQUIRED. */
  async revoke(serial: string, by: Person, reason: string): Promise<'recorded' | 'revoked'> {
    const { act } = await this.#books.record((register) => {
      const certificate = register.certificates.get(serial)
      if (certificate === undefined) throw new TwiinError('NOT_FOUND')
      // The keeper's key stands in every bundle; taking it out is a new ceremony, not a call.
      if (certificate.role === 'keeper') throw new TwiinError('KEEPER_KEY')
      if (certificate.revoked !== undefined) throw new TwiinError('ALREADY_REVOKED')
      const request = register.revocationRequests.get(serial)
      // spec 06 §4: recorded by the first person, executed by the second.
      if (request === undefined) return { act: 'revocation-requested', serial, by, reason }
      if (request.by === by) throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
      // A certificate is revoked because of its key or its holder: its siblings go with it, or a renewal would undo it.
      const { peerId } = certificate
      const serials = register.keys.get(peerId)?.serials ?? [serial]
      return { act: 'revoked', peerId, serials: [...serials], by: [request.by, by], reason: request.reason }
    })
    return act === 'revoked' ? 'revoked' : 'recorded'
  }

  /** X.509 CRL v2, PEM. Its number is the bundle version that says the same. */
  async list(): Promise<string> {
    const number = this.#books.register.published?.version ?? 0
    if (this.#list?.number !== number) this.#list = { number, pem: this.#make(number) }
    return this.#list.pem
  }

  async #make(number: number): Promise<string> {
    const now = this.#clock.now()
    const revoked = [...this.#books.register.certificates.values()].flatMap((certificate) => {
      const { serial, notAfter, revoked } = certificate
      if (revoked === undefined || notAfter < now - listLifetimeMs) return []
      const reason = reasons.find((known) => known === revoked.reason) ?? 'cessationOfOperation'
      return [{ serial, at: new Date(revoked.at), reason }]
    })
    const nextUpdate = new Date(now + listLifetimeMs)
    const der = await this.#authority.createRevocationList({ revoked, number, nextUpdate })
    return pemOf('X509 CRL', der)
  }
}
