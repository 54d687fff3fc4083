import { createHash, randomUUID } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { ActOf, Application, Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { KnownApplication } from '../ledger/register.ts'
import { makeEnrolmentToken, tokenDigest } from './enrolment-token.ts'

/** How long a clinic has to enrol its node. spec 06 §1 */
const tokenLifetimeMs = 72 * 3_600_000

export interface Approval {
  readonly application: KnownApplication & { at: number }
  /** With the second approval only; nobody can ask for it again. */
  readonly enrolment?: { readonly token: string; readonly expiresAt: number }
}

/** From an application to a one-time enrolment token: two people have to want it. spec 06 §4 */
export class Applications {
  readonly #books: Books
  readonly #random: ((bytes: number) => Uint8Array) | undefined
  readonly #inbox = new Map<string, KnownApplication & { at: number }>()

  constructor(_options: object, deps: { books: Books; random?: (bytes: number) => Uint8Array }) {
    this.#books = deps.books
    this.#random = deps.random
  }

  list(): (KnownApplication & { at: number })[] {
    return [...this.#inbox.keys()].map((id) => this.#application(id))
  }

  async apply(application: Application, _by: Person): Promise<KnownApplication & { at: number }> {
    const id = randomUUID()
    const digest = createHash('sha256').update(JSON.stringify(application)).digest('hex')
    this.#inbox.set(id, { id, application, digest, approvals: [], state: 'open', at: Date.now() })
    return this.#application(id)
  }

  /** Throws NOT_FOUND, APPLICATION_CLOSED, SECOND_PERSON_REQUIRED. */
  async approve(id: string, by: Person): Promise<Approval> {
    const token = makeEnrolmentToken(this.#random)
    const { enrolment } = await this.#books.record((_register, now): ActOf<'approved'> => {
      const { state, approvals, digest, application } = this.#application(id)
      if (state !== 'open') throw new TwiinError('APPLICATION_CLOSED', { state })
      // spec 06 §4: two different people.
      if (approvals.some((approval) => approval.by === by))
        throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
      const approval = { act: 'approved', id, by, digest, application } as const
      if (approvals.length === 0) return approval
      return { ...approval, enrolment: { digest: tokenDigest(token), expiresAt: now + tokenLifetimeMs } }
    })
    const application = this.#application(id)
    return enrolment ? { application, enrolment: { token, expiresAt: enrolment.expiresAt } } : { application }
  }

  #application(id: string): KnownApplication & { at: number } {
    const known = this.#inbox.get(id)
    if (known === undefined) throw new TwiinError('NOT_FOUND')
    return { ...known, ...this.#books.register.applications.get(id) }
  }
}
