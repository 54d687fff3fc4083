import { randomUUID } from 'node:crypto'
import { readCertificateRequest } from '@twiin/identity'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { ActOf, Application, Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { Register } from '../ledger/register.ts'
import { mustBeAdministrator } from '../requests/second-person.ts'
import { checksOf } from './automatic-checks.ts'
import { makeEnrolmentToken, tokenDigest } from './enrolment-token.ts'
import type { Inbox } from './inbox.ts'
import { approvalsOf, standingOf } from './standing.ts'
import { isStatusToken, makeStatusToken, statusDigestOf } from './status-token.ts'
import { digestOf } from './submitted-application.ts'
import type { Form, Message, SubmittedApplication } from './submitted-application.ts'

const day = 86_400_000
/** How long a clinic has to enrol its node. spec 06 §1 */
const tokenLifetimeMs = 72 * 3_600_000
/** Of people nobody knows; what the registry's own people enter has always room. spec 06 §4 */
const mostOpen = 200
const mostMessages = { registry: 50, applicant: 50 } as const
/** spec 06 §4: a refusal can be asked about so long; then the people in it are forgotten. */
const keepClosedMs = 90 * day
const keepUntouchedMs = 180 * day

export interface Approval {
  readonly submitted: SubmittedApplication
  /** With the second approval only; nobody can ask for it again. */
  readonly enrolment?: { readonly token: string; readonly expiresAt: number }
}

/**
 * From an application to a one-time enrolment token: two people have to want exactly the same. The inbox changes in turn
 * with the acts, so what two people approve is what lies there at that moment. spec 06 §4
 */
export class Applications {
  readonly #books: Books
  readonly #inbox: Inbox
  readonly #random: ((bytes: number) => Uint8Array) | undefined
  readonly #onChanged: () => void

  constructor(
    _options: object,
    deps: { books: Books; inbox: Inbox; random?: (bytes: number) => Uint8Array; onChanged?: () => void },
  ) {
    this.#books = deps.books
    this.#inbox = deps.inbox
    this.#random = deps.random
    this.#onChanged = deps.onChanged ?? (() => {})
  }

  list(): SubmittedApplication[] {
    return this.#inbox.all()
  }

  /** How many wait for a decision. */
  get openCount(): number {
    return this.#open(this.#books.register).length
  }

  /** Throws NOT_FOUND. */
  get(id: string): SubmittedApplication {
    const submitted = this.#inbox.get(id)
    if (submitted === undefined) throw new TwiinError('NOT_FOUND')
    return submitted
  }

  /** The application of whoever holds its status token. Throws NOT_AUTHENTICATED, also when there is none by that id. */
  ofApplicant(id: string, token: string): SubmittedApplication {
    const submitted = this.#inbox.get(id)
    const isTheirs = isStatusToken(token, submitted?.statusDigest ?? statusDigestOf(''))
    if (submitted === undefined || !isTheirs) throw new TwiinError('NOT_AUTHENTICATED')
    return submitted
  }

  /** `enteredBy` is left out for strangers. Throws CSR_INVALID, KEY_REVOKED, INBOX_FULL. */
  async submit(
    form: Form,
    enteredBy?: Person,
  ): Promise<{ submitted: SubmittedApplication; statusToken: string }> {
    const statusToken = makeStatusToken(this.#random)
    const { csr, remarks, contacts = [], ...facts } = form
    const key = csr ? await provenKey(csr) : {}
    const submitted = await this.#books.inTurn(async (register, now) => {
      if (enteredBy === undefined && this.#open(register).filter(isStrangers).length >= mostOpen)
        throw new TwiinError('INBOX_FULL')
      // Nothing can come of it: better heard at once than when somebody judges it.
      if (register.keys.get(key.peerId ?? '')?.ended?.state === 'revoked') throw new TwiinError('KEY_REVOKED')
      return this.#store({
        ...{ id: randomUUID(), at: now, revision: 1, contacts, ...this.#changed(now) },
        ...described(facts, key, remarks),
        ...{ messages: [], statusDigest: statusDigestOf(statusToken) },
        ...(enteredBy !== undefined && { enteredBy }),
      })
    })
    return { submitted, statusToken }
  }

  /**
   * Everything anew, but for a key that was proven before: a form without `csr` keeps it, an empty one takes it away.
   * Approvals given before count no more. Throws NOT_FOUND, APPLICATION_CLOSED, CSR_INVALID.
   */
  async change(id: string, form: Form): Promise<SubmittedApplication> {
    const { csr, remarks, contacts = [], ...facts } = form
    const proven = csr ? await provenKey(csr) : {}
    return this.#changeOpen(id, (before) => {
      const { requestedUra, application } = before
      const kept = {
        ...(application.peerId && { peerId: application.peerId }),
        ...(requestedUra && { requestedUra }),
      }
      const changed = { contacts, ...described(facts, csr === undefined ? kept : proven, remarks) }
      const { requestedUra: _, remarks: __, ...rest } = before
      const next = { ...rest, ...changed }
      // Sent again as it was: nothing that anybody approved has changed.
      return digestOf(next) === before.digest ? before : next
    })
  }

  /** Throws NOT_FOUND, MESSAGES_FULL. */
  async say(id: string, from: Message['from'], text: string): Promise<SubmittedApplication> {
    return this.#books.inTurn(async (_register, now) => {
      const before = this.get(id)
      const said = before.messages.filter((message) => message.from === from).length
      if (said >= mostMessages[from]) throw new TwiinError('MESSAGES_FULL')
      return this.#put({ ...before, messages: [...before.messages, { from, at: now, text }] })
    })
  }

  /**
   * `confirm` and `digest` make sure that what is approved is what was looked at. Throws NOT_FOUND, APPLICATION_CLOSED,
   * APPLICATION_CHANGED, NAME_NOT_CONFIRMED, SECOND_PERSON_REQUIRED, CHECK_FAILED with the names of the checks.
   */
  async approve(id: string, by: Person, sure: { confirm?: string; digest?: string } = {}): Promise<Approval> {
    const token = makeEnrolmentToken(this.#random)
    const { enrolment } = await this.#books.record((register, now): ActOf<'approved'> => {
      mustBeAdministrator(register, by)
      const submitted = this.#mustBeOpen(register, id)
      const { application, digest } = submitted
      if (sure.digest !== undefined && sure.digest !== digest) throw new TwiinError('APPLICATION_CHANGED')
      if (sure.confirm !== undefined && sure.confirm !== application.organisation)
        throw new TwiinError('NAME_NOT_CONFIRMED')
      // spec 06 §4: two different people, of exactly these facts.
      const before = approvalsOf(register, submitted, now).current
      if (before.some((approval) => approval.by === by))
        throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
      const failed = checksOf(submitted, { register, submitted: this.list(), now })
        .filter(({ result }) => result === 'failed')
        .map(({ detail }) => detail)
      if (failed.length > 0) throw new TwiinError('CHECK_FAILED', { reason: failed.join(' ') })
      const approval = { act: 'approved', id, by, digest, application } as const
      if (before.length === 0) return approval
      return { ...approval, enrolment: { digest: tokenDigest(token), expiresAt: now + tokenLifetimeMs } }
    })
    this.#onChanged()
    const submitted = this.get(id)
    return enrolment ? { submitted, enrolment: { token, expiresAt: enrolment.expiresAt } } : { submitted }
  }

  /** Throws NOT_FOUND, APPLICATION_CLOSED. */
  async reject(id: string, by: Person, reason: string): Promise<SubmittedApplication> {
    await this.#books.record((register): ActOf<'rejected'> => {
      mustBeAdministrator(register, by)
      this.#mustBeOpen(register, id)
      return { act: 'rejected', id, by, reason }
    })
    this.#onChanged()
    return this.get(id)
  }

  /** Contacts, remarks and messages are gone: whatever may name a person. Of an open application it is a change. */
  async erasePeople(id: string): Promise<SubmittedApplication> {
    return this.#books.inTurn(async (register, now) => {
      const { remarks: _, ...before } = this.get(id)
      const erased = { ...before, contacts: [], messages: [] }
      if (standingOf(register, before).state !== 'open') return this.#put(erased)
      return this.#store({ ...erased, revision: before.revision + 1, ...this.#changed(now) })
    })
  }

  /** Forgets applications that came to nothing long ago. */
  async tidy(): Promise<void> {
    await this.#books.inTurn(async (register, now) => {
      for (const submitted of this.list()) {
        const { state, closedAt } = standingOf(register, submitted)
        const untouched = Math.max(submitted.changedAt, submitted.messages.at(-1)?.at ?? 0)
        const isOver =
          state === 'open'
            ? untouched + keepUntouchedMs < now && !register.applications.has(submitted.id)
            : state !== 'approved' && (closedAt ?? now) + keepClosedMs < now
        if (isOver) await this.#inbox.remove(submitted.id)
      }
    })
  }

  #open(register: Register): SubmittedApplication[] {
    return this.list().filter((one) => standingOf(register, one).state === 'open')
  }

  #mustBeOpen(register: Register, id: string): SubmittedApplication {
    const submitted = this.get(id)
    const { state } = standingOf(register, submitted)
    if (state !== 'open') throw new TwiinError('APPLICATION_CLOSED', { state })
    return submitted
  }

  #changeOpen(
    id: string,
    change: (before: SubmittedApplication) => SubmittedApplication,
  ): Promise<SubmittedApplication> {
    return this.#books.inTurn(async (register, now) => {
      const before = this.#mustBeOpen(register, id)
      const next = change(before)
      if (next === before) return before
      return this.#store({ ...next, revision: before.revision + 1, ...this.#changed(now) })
    })
  }

  #changed(now: number): Pick<SubmittedApplication, 'changedAt' | 'line'> {
    return { changedAt: now, line: this.#books.tree.size }
  }

  #store(submitted: Omit<SubmittedApplication, 'digest'>): Promise<SubmittedApplication> {
    return this.#put({ ...submitted, digest: digestOf(submitted) })
  }

  async #put(submitted: SubmittedApplication): Promise<SubmittedApplication> {
    await this.#inbox.put(submitted)
    this.#onChanged()
    return submitted
  }
}

const isStrangers = ({ enteredBy }: SubmittedApplication) => enteredBy === undefined

type ProvenKey = { readonly peerId?: string; readonly requestedUra?: string }

/** Throws CSR_INVALID. */
async function provenKey(csr: string): Promise<ProvenKey> {
  try {
    const { peerId, ura } = await readCertificateRequest(Buffer.from(csr, 'base64'))
    return { peerId, ...(ura !== undefined && { requestedUra: ura }) }
  } catch (cause) {
    throw new TwiinError('CSR_INVALID', { reason: codeOf(cause) }, { cause })
  }
}

function described(
  facts: Omit<Application, 'peerId'>,
  { peerId, requestedUra }: ProvenKey,
  remarks: string | undefined,
): Pick<SubmittedApplication, 'application' | 'requestedUra' | 'remarks'> {
  return {
    application: { ...facts, ...(peerId !== undefined && { peerId }) },
    ...(requestedUra !== undefined && { requestedUra }),
    ...(remarks !== undefined && remarks !== '' && { remarks }),
  }
}
