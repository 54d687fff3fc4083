import type { Application, Person, Recorded } from './acts.ts'

export interface KnownApplication {
  readonly id: string
  readonly application: Application
  readonly at: number
  readonly approvals: readonly Person[]
  readonly state: 'open' | 'approved' | 'superseded'
}

export interface KnownCertificate {
  readonly serial: string
  readonly peerId: string
  readonly ura: string
  readonly name: string
  readonly role: 'member' | 'keeper'
  readonly notBefore: number
  readonly notAfter: number
  readonly issuedAt: number
  /** DER, base64. */
  readonly certificate: string
  readonly revoked?: { readonly at: number; readonly reason: string }
}

/** A peer key that the registry tied to a clinic; from that act on it may renew, also when its first answer got lost. */
export interface KnownKey {
  readonly peerId: string
  readonly ura: string
  readonly role: 'member' | 'keeper'
  /** What the clinic declared; undefined for the registry's own key. */
  readonly application?: Application
  readonly boundAt: number
  readonly revokedAt?: number
  readonly serials: readonly string[]
  readonly announced?: {
    readonly issuedAt: number
    /** When the registry took it in. */
    readonly at: number
    readonly addresses: readonly string[]
    readonly mailboxes: readonly string[]
  }
}

interface EnrolmentToken {
  readonly application: string
  readonly expiresAt: number
  readonly used: boolean
}

/** What follows from the ledger. Only `apply` changes it, and `apply` judges nothing: the act has happened. */
export class Register {
  readonly applications = new Map<string, KnownApplication>()
  readonly certificates = new Map<string, KnownCertificate>()
  readonly keys = new Map<string, KnownKey>()
  readonly tokens = new Map<string, EnrolmentToken>()
  readonly revocationRequests = new Map<string, { by: Person; reason: string }>()
  revocations = 0
  published: { readonly version: number; readonly issuedAt: number; readonly digest: string } | undefined

  /** The certificate of this key that lasts longest, unless the key was revoked. */
  newestCertificate(peerId: string): KnownCertificate | undefined {
    const key = this.keys.get(peerId)
    if (key === undefined || key.revokedAt !== undefined) return undefined
    const serial = key.serials.at(-1)
    return serial === undefined ? undefined : this.certificates.get(serial)
  }

  /** True while the key has a certificate that is neither expired nor revoked. */
  isActive(peerId: string, now: number): boolean {
    const newest = this.newestCertificate(peerId)
    return newest !== undefined && newest.notAfter > now
  }

  apply(act: Recorded): void {
    switch (act.act) {
      case 'applied':
        return this.#applied(act)
      case 'approved':
        return this.#approved(act)
      case 'certifying':
        return this.#certifying(act)
      case 'issued':
        return this.#issued(act)
      case 'revocation-requested':
        this.revocationRequests.set(act.serial, { by: act.by, reason: act.reason })
        return
      case 'revoked':
        return this.#revoked(act)
      case 'announced': {
        const { issuedAt, at, addresses, mailboxes } = act
        return this.#changeKey(act.peerId, { announced: { issuedAt, at, addresses, mailboxes } })
      }
      case 'published':
        this.published = { version: act.version, issuedAt: act.at, digest: act.digest }
        return
    }
  }

  #applied({ id, application, at }: Extract<Recorded, { act: 'applied' }>): void {
    for (const other of this.applications.values())
      if (other.state === 'open' && other.application.ura === application.ura)
        this.applications.set(other.id, { ...other, state: 'superseded' })
    this.applications.set(id, { id, application, at, approvals: [], state: 'open' })
  }

  #approved({ id, by, enrolment }: Extract<Recorded, { act: 'approved' }>): void {
    const known = this.applications.get(id)
    if (known === undefined) return
    const approvals = [...known.approvals, by]
    this.applications.set(id, { ...known, approvals, state: enrolment ? 'approved' : 'open' })
    if (enrolment)
      this.tokens.set(enrolment.digest, { application: id, expiresAt: enrolment.expiresAt, used: false })
  }

  #certifying({ peerId, ura, role, token, at }: Extract<Recorded, { act: 'certifying' }>): void {
    const known = this.keys.get(peerId)
    if (known !== undefined && token === undefined) return
    const used = token === undefined ? undefined : this.tokens.get(token)
    if (token !== undefined && used !== undefined) this.tokens.set(token, { ...used, used: true })
    const application = used && this.applications.get(used.application)?.application
    this.keys.set(peerId, {
      serials: [],
      ...known,
      peerId,
      ura,
      role,
      boundAt: at,
      ...(application && { application }),
    })
  }

  #issued({ at, act: _, ...certificate }: Extract<Recorded, { act: 'issued' }>): void {
    this.certificates.set(certificate.serial, { ...certificate, issuedAt: at })
    const serials = this.keys.get(certificate.peerId)?.serials ?? []
    this.#changeKey(certificate.peerId, { serials: [...serials, certificate.serial] })
  }

  #revoked({ peerId, serials, reason, at }: Extract<Recorded, { act: 'revoked' }>): void {
    this.revocations++
    for (const serial of serials) {
      this.revocationRequests.delete(serial)
      const known = this.certificates.get(serial)
      if (known !== undefined) this.certificates.set(serial, { ...known, revoked: { at, reason } })
    }
    this.#changeKey(peerId, { revokedAt: at })
  }

  #changeKey(peerId: string, change: Partial<KnownKey>): void {
    const known = this.keys.get(peerId)
    if (known !== undefined) this.keys.set(peerId, { ...known, ...change })
  }
}
