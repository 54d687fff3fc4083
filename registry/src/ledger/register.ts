import type { Application, Person, Recorded, Request, SelfTestStep } from './acts.ts'

export interface KnownApproval {
  readonly by: Person
  readonly at: number
  readonly digest: string
  /** Its line in the ledger. */
  readonly index: number
}

/** An application that at least one person approved; before that it is no act (ADR 0012). */
export interface KnownApplication {
  readonly id: string
  readonly application: Application
  /** Of what was approved last. */
  readonly digest: string
  /** Of whatever contents; only those of one digest count together. */
  readonly approvals: readonly KnownApproval[]
  readonly state: 'open' | 'approved'
}

export interface Rejection {
  readonly by: Person
  readonly at: number
  readonly reason: string
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
  /** Index of its line in the ledger, so of its leaf in the log. */
  readonly index: number
  readonly revoked?: { readonly at: number; readonly reason: string }
}

/** A key that may not be used: until its suspension ends, or ever again. */
export interface KeyEnd {
  readonly state: 'revoked' | 'suspended'
  readonly at: number
  readonly reason: string
  readonly by: readonly Person[]
  /** When one person did it alone: what another one said of it. */
  readonly reviewed?: { readonly by: Person; readonly at: number; readonly upheld: boolean }
}

export interface KnownSelfTest {
  readonly run: string
  readonly peerId: string
  readonly reference: string
  readonly version: string
  readonly passed: boolean
  readonly steps: readonly SelfTestStep[]
  readonly by: Person
  readonly at: number
  readonly index: number
}

/** A peer key that the registry tied to a clinic; from that act on it may renew, also when its first answer got lost. */
export interface KnownKey {
  readonly peerId: string
  readonly ura: string
  readonly role: 'member' | 'keeper'
  /** What the clinic declared; undefined for the registry's own key. */
  readonly application?: Application
  readonly applicationId?: string
  readonly boundAt: number
  readonly ended?: KeyEnd
  readonly serials: readonly string[]
  /** Since when it counts as exchanging (spec 12 §3); undefined while it is testing. */
  readonly exchangingSince?: number
  readonly selfTest?: KnownSelfTest
  readonly announced?: {
    readonly issuedAt: number
    /** When the registry took it in. */
    readonly at: number
    readonly addresses: readonly string[]
    readonly mailboxes: readonly string[]
  }
}

export interface OpenRequest {
  readonly id: string
  readonly by: Person
  readonly at: number
  readonly request: Request
}

interface EnrolmentToken {
  readonly application: string
  readonly expiresAt: number
  readonly used: boolean
}

/** What follows from the ledger. Only `apply` changes it, and `apply` judges nothing: the act has happened. */
export class Register {
  readonly applications = new Map<string, KnownApplication>()
  /** By id of the application, of which nothing else need be known. */
  readonly rejections = new Map<string, Rejection>()
  readonly certificates = new Map<string, KnownCertificate>()
  readonly keys = new Map<string, KnownKey>()
  readonly tokens = new Map<string, EnrolmentToken>()
  readonly requests = new Map<string, OpenRequest>()
  readonly selfTests = new Map<string, KnownSelfTest>()
  /** By URA number. */
  readonly quotas = new Map<string, number>()
  readonly people = new Map<Person, 'administrator' | 'auditor'>()
  /** Who worked here once and may do nothing any more. */
  readonly dismissed = new Set<Person>()
  founded:
    { readonly trustDomain: string; readonly logKey: string; readonly foundingEndsAt: number } | undefined
  /** Undefined while the network is being founded. */
  foundingEnded: { readonly at: number; readonly quorum: number } | undefined
  witnesses: readonly string[] = []
  witnessesSince = 0
  /** The set before, by which nodes judge the bundle that names the new one; and the line of that bundle. */
  witnessesBefore: readonly string[] = []
  witnessesBundle: number | undefined
  published:
    | { readonly version: number; readonly issuedAt: number; readonly digest: string; readonly index: number }
    | undefined

  /** The certificate of this key that lasts longest, unless the key was revoked. */
  newestCertificate(peerId: string): KnownCertificate | undefined {
    const key = this.keys.get(peerId)
    if (key === undefined || key.ended?.state === 'revoked') return undefined
    const serial = key.serials.at(-1)
    return serial === undefined ? undefined : this.certificates.get(serial)
  }

  /** True while the key has a certificate that has not expired, and is neither revoked nor suspended. */
  isActive(peerId: string, now: number): boolean {
    const newest = this.newestCertificate(peerId)
    return newest !== undefined && newest.notAfter > now && this.keys.get(peerId)?.ended === undefined
  }

  /** Acts of one person alone on which no other has spoken yet. */
  unreviewed(): KnownKey[] {
    return [...this.keys.values()].filter(
      ({ ended }) => ended !== undefined && ended.by.length === 1 && ended.reviewed === undefined,
    )
  }

  /** `index` is the act's line in the ledger, from 0. */
  apply(act: Recorded, index: number): void {
    switch (act.act) {
      case 'founded': {
        const { trustDomain, logKey, foundingEndsAt } = act
        this.founded = { trustDomain, logKey, foundingEndsAt }
        return
      }
      case 'founding-ended':
        this.foundingEnded = { at: act.at, quorum: act.quorum }
        return
      case 'witnesses':
        this.witnessesBefore = this.witnesses
        this.witnessesBundle = undefined
        this.witnesses = act.peers
        this.witnessesSince = act.at
        return
      case 'person-admitted':
        this.people.set(act.id, act.role)
        this.dismissed.delete(act.id)
        if (act.role !== 'administrator') this.#forgetWishesOf(act.id)
        return
      case 'person-dismissed':
        this.people.delete(act.id)
        this.dismissed.add(act.id)
        return this.#forgetWishesOf(act.id)
      case 'approved':
        return this.#approved(act, index)
      case 'rejected':
        this.rejections.set(act.id, { by: act.by, at: act.at, reason: act.reason })
        return
      case 'certifying':
        return this.#certifying(act)
      case 'issued':
        return this.#issued(act, index)
      case 'requested':
        this.requests.set(act.id, { id: act.id, by: act.by, at: act.at, request: act.request })
        return
      case 'request-withdrawn':
        this.requests.delete(act.id)
        return
      case 'revoked':
      case 'suspended':
        return this.#ended(act)
      case 'resumed':
        this.#forgetRequests(({ request }) => request.kind !== 'quota' && request.peerId === act.peerId)
        return this.#lift(act.peerId)
      case 'reviewed':
        return this.#reviewed(act)
      case 'quota-set':
        this.#forgetRequests(({ request }) => request.kind === 'quota' && request.ura === act.ura)
        if (act.tokensPerDay === null) this.quotas.delete(act.ura)
        else this.quotas.set(act.ura, act.tokensPerDay)
        return
      case 'announced': {
        const { issuedAt, at, addresses, mailboxes } = act
        return this.#changeKey(act.peerId, { announced: { issuedAt, at, addresses, mailboxes } })
      }
      case 'self-tested':
        return this.#selfTested(act, index)
      case 'published':
        this.published = { version: act.version, issuedAt: act.at, digest: act.digest, index }
        this.witnessesBundle ??= index
        return
    }
  }

  #approved(act: Recorded & { act: 'approved' }, index: number): void {
    const { id, by, at, digest, application, enrolment } = act
    const before = this.applications.get(id)?.approvals ?? []
    const approvals = [...before, { by, at, digest, index }]
    this.applications.set(id, { id, application, digest, approvals, state: enrolment ? 'approved' : 'open' })
    if (enrolment === undefined) return
    this.tokens.set(enrolment.digest, { application: id, expiresAt: enrolment.expiresAt, used: false })
  }

  #certifying({ peerId, ura, role, token, at }: Recorded & { act: 'certifying' }): void {
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
      ...(application && { application, applicationId: used.application }),
    })
  }

  #issued({ at, act: _, ...certificate }: Recorded & { act: 'issued' }, index: number): void {
    this.certificates.set(certificate.serial, { ...certificate, issuedAt: at, index })
    const serials = this.keys.get(certificate.peerId)?.serials ?? []
    this.#changeKey(certificate.peerId, { serials: [...serials, certificate.serial] })
  }

  #ended({ act, peerId, serials, reason, by, at }: Recorded & { act: 'revoked' | 'suspended' }): void {
    this.#forgetRequests(({ request }) => request.kind !== 'quota' && request.peerId === peerId)
    if (act === 'revoked')
      for (const serial of serials) {
        const known = this.certificates.get(serial)
        if (known !== undefined) this.certificates.set(serial, { ...known, revoked: { at, reason } })
      }
    this.#changeKey(peerId, { ended: { state: act, at, reason, by } })
  }

  /** A suspension that the second person does not uphold ends with that word; a revocation never does. */
  #reviewed({ peerId, by, at, upheld }: Recorded & { act: 'reviewed' }): void {
    const ended = this.keys.get(peerId)?.ended
    if (ended === undefined) return
    if (!upheld && ended.state === 'suspended') this.#lift(peerId)
    else this.#changeKey(peerId, { ended: { ...ended, reviewed: { by, at, upheld } } })
  }

  /**
   * spec 12 §3: what makes a member exchanging is a test; what ends that is one that a person ordered, and that
   * failed by the node itself.
   */
  #selfTested({ act: _, ...test }: Recorded & { act: 'self-tested' }, index: number): void {
    const selfTest = { ...test, index }
    this.selfTests.set(test.run, selfTest)
    const known = this.keys.get(test.peerId)
    if (known === undefined) return
    const { exchangingSince, ...key } = known
    const isOfReference = test.steps.at(-1)?.reason === 'REFERENCE_UNREACHABLE'
    const failed = test.by === 'console' || isOfReference ? exchangingSince : undefined
    const since = test.passed ? (exchangingSince ?? test.at) : failed
    this.keys.set(test.peerId, { ...key, selfTest, ...(since !== undefined && { exchangingSince: since }) })
  }

  #lift(peerId: string): void {
    const known = this.keys.get(peerId)
    if (known?.ended?.state !== 'suspended') return
    const { ended: _, ...rest } = known
    this.keys.set(peerId, rest)
  }

  /** What one person asked for or approved is worth nothing once that person may not ask for it any more. */
  #forgetWishesOf(person: Person): void {
    this.#forgetRequests(({ by }) => by === person)
    for (const known of this.applications.values())
      if (known.state === 'open') {
        const approvals = known.approvals.filter(({ by }) => by !== person)
        this.applications.set(known.id, { ...known, approvals })
      }
  }

  #forgetRequests(matches: (request: OpenRequest) => boolean): void {
    for (const request of this.requests.values()) if (matches(request)) this.requests.delete(request.id)
  }

  #changeKey(peerId: string, change: Partial<KnownKey>): void {
    const known = this.keys.get(peerId)
    if (known !== undefined) this.keys.set(peerId, { ...known, ...change })
  }
}
