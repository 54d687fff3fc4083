import { X509Certificate } from 'node:crypto'
import { publicKeyOf } from '@twiin/identity'
import type { CertificateAuthority } from '@twiin/identity'
import { TwiinError } from '@twiin/runtime'
import type { ActOf } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { KnownCertificate, KnownKey, Register } from '../ledger/register.ts'

const day = 86_400_000
/** spec 06 §1: a certificate lives 30 days, and from five minutes ago, for clocks that are behind. */
const lifetimeMs = 30 * day
const backdateMs = 5 * 60_000
/** spec 06 §1: renewable until so long after expiry. */
export const renewalGraceMs = 30 * day
const renewalsPerDay = 10
/** A request for renewal that somebody caught can be sent again: so long it brings nothing new. */
const renewalPauseMs = 3_600_000
const act = 'certifying'

type Intent = ActOf<'certifying'>

/**
 * Certifies peer keys. The intent is on record before the signature is made and the certificate before it leaves: what
 * circulates is in the ledger. A crash in between leaves a key that is tied to its clinic, without certificate: its node
 * gets one by renewal.
 */
export class Certification {
  readonly #operator: { organisation: string; ura: string }
  readonly #issuerEnds: number
  readonly #books: Books
  readonly #authority: CertificateAuthority

  constructor(
    options: { operator: { organisation: string; ura: string }; issuingCertificate: string },
    deps: { books: Books; authority: CertificateAuthority },
  ) {
    this.#operator = options.operator
    this.#issuerEnds = new X509Certificate(options.issuingCertificate).validToDate.getTime()
    this.#books = deps.books
    this.#authority = deps.authority
  }

  /**
   * `token` is the SHA-256 of the enrolment token. Throws ENROLMENT_TOKEN_INVALID, KEY_OTHER_THAN_APPLIED, KEY_REVOKED,
   * KEY_SUSPENDED, KEY_TAKEN, CLINIC_HAS_KEY.
   */
  async enrol(request: {
    peerId: string
    ura: string | undefined
    token: string
  }): Promise<KnownCertificate> {
    const { peerId, token } = request
    const intent = await this.#books.record((register, now) => {
      const known = register.tokens.get(token)
      const applied = known && register.applications.get(known.application)?.application
      const ura = applied?.ura
      // spec 06 §1: a token works once, within 72 h, and only for the clinic it was made for. One code for all.
      if (
        known === undefined ||
        ura === undefined ||
        known.used ||
        known.expiresAt <= now ||
        ura !== request.ura
      )
        throw new TwiinError('ENROLMENT_TOKEN_INVALID')
      // spec 06 §1: two people admitted this key. A token certifies no other, and none where an earlier version asked for no key.
      if (applied?.peerId !== peerId) throw new TwiinError('KEY_OTHER_THAN_APPLIED')
      mayHold(register, peerId, ura, now)
      return { act, peerId, ura, role: 'member', token, ...this.#validity(now) }
    })
    return this.#issue(intent)
  }

  /**
   * A new certificate; within an hour of the newest, and beyond ten a day, that one again. So who plays a request back uses
   * up nothing of the key's. Throws KEY_UNKNOWN, KEY_REVOKED, KEY_SUSPENDED, RENEWAL_TOO_LATE, CLINIC_HAS_KEY,
   * TOO_MANY_ATTEMPTS.
   */
  async renew(peerId: string): Promise<KnownCertificate> {
    let existing: KnownCertificate | undefined
    const intent = await this.#books.record((register, now) => {
      const key = register.keys.get(peerId)
      if (key === undefined) throw new TwiinError('KEY_UNKNOWN')
      mayHold(register, peerId, key.ura, now)
      const newest = register.newestCertificate(peerId)
      const lastEnd = newest?.notAfter ?? key.boundAt
      if (lastEnd + renewalGraceMs < now) throw new TwiinError('RENEWAL_TOO_LATE')
      const today = key.serials.filter(
        (serial) => (register.certificates.get(serial)?.issuedAt ?? 0) > now - day,
      )
      const isFull = today.length >= renewalsPerDay
      const sinceLast = newest && now - newest.issuedAt
      // A clock that was set back must not keep anybody from renewing.
      const isFresh = sinceLast !== undefined && sinceLast >= 0 && sinceLast < renewalPauseMs
      if (newest !== undefined && newest.notAfter > now && (isFresh || isFull)) {
        existing = newest
        return undefined
      }
      if (isFull) throw new TwiinError('TOO_MANY_ATTEMPTS')
      return { act, peerId, ura: key.ura, role: key.role, ...this.#validity(now) }
    })
    if (intent !== undefined) return this.#issue(intent)
    if (existing === undefined) throw new TwiinError('KEY_UNKNOWN')
    return existing
  }

  /** The registry's own certificate, as a token keeper; in the ledger like every other. Throws KEY_REVOKED. */
  async certifyKeeper(peerId: string): Promise<KnownCertificate> {
    const { ura } = this.#operator
    const intent = await this.#books.record((register, now) => {
      mustNotHaveEnded(register.keys.get(peerId))
      return { act, peerId, ura, role: 'keeper', ...this.#validity(now) }
    })
    return this.#issue(intent)
  }

  #validity(now: number): { notBefore: number; notAfter: number } {
    // X.509 knows whole seconds; the ledger says what the certificate says.
    const notBefore = Math.floor((now - backdateMs) / 1000) * 1000
    return { notBefore, notAfter: Math.min(notBefore + backdateMs + lifetimeMs, this.#issuerEnds) }
  }

  async #issue(intent: Intent): Promise<KnownCertificate> {
    const { peerId, ura, role, notBefore, notAfter } = intent
    const application = this.#books.register.keys.get(peerId)?.application
    const name = application?.organisation ?? this.#operator.organisation
    const { der, serial } = await this.#authority.issueNodeCertificate(
      {
        organisation: name,
        ura,
        role,
        ...(application?.agb !== undefined && { agb: application.agb }),
        declaredPatients: application?.declaredPatients ?? 0,
        publicKey: publicKeyOf(peerId),
      },
      { notBefore: new Date(notBefore), notAfter: new Date(notAfter) },
    )
    const certificate = Buffer.from(der).toString('base64')
    await this.#books.record((register, now) => {
      // Ended, or another key of this clinic came first, while it was being signed: nobody ever sees it.
      if (role === 'member') mayHold(register, peerId, ura, now)
      else mustNotHaveEnded(register.keys.get(peerId))
      return { act: 'issued', serial, peerId, ura, name, role, notBefore, notAfter, certificate }
    })
    const issued = this.#books.register.certificates.get(serial)
    if (issued === undefined) throw new TwiinError('KEY_UNKNOWN')
    return issued
  }
}

/** One clinic, one key at a time, and a revoked key never again; nothing at all while the clinic is suspended. */
function mayHold(register: Register, peerId: string, ura: string, now: number): void {
  const known = register.keys.get(peerId)
  if (known !== undefined && known.ura !== ura) throw new TwiinError('KEY_TAKEN')
  mustNotHaveEnded(known)
  for (const other of register.keys.values()) {
    if (other.ura !== ura || other.peerId === peerId) continue
    // A new key would be the way around a suspension, and there would be two when it is taken back.
    if (other.ended?.state === 'suspended') throw new TwiinError('KEY_SUSPENDED', { ura })
    if (register.isActive(other.peerId, now)) throw new TwiinError('CLINIC_HAS_KEY', { ura })
  }
}

function mustNotHaveEnded(key: KnownKey | undefined): void {
  if (key?.ended?.state === 'revoked') throw new TwiinError('KEY_REVOKED')
  if (key?.ended?.state === 'suspended') throw new TwiinError('KEY_SUSPENDED')
}
