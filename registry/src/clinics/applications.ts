import { randomUUID } from 'node:crypto'
import { TwiinError } from '@twiin/runtime'
import type { ActOf, Application, Person } from '../ledger/acts.ts'
import type { Books } from '../ledger/books.ts'
import type { KnownApplication } from '../ledger/register.ts'
import { makeEnrolmentToken, tokenDigest } from './enrolment-token.ts'

/** How long a clinic has to enrol its node. spec 06 §1 */
const tokenLifetimeMs = 72 * 3_600_000

export interface Approval {
  readonly application: KnownApplication
  /** With the second approval only; nobody can ask for it again. */
  readonly enrolment?: { readonly token: string; readonly expiresAt: number }
}

/** From an application to a one-time enrolment token: two people have to want it. spec 06 §4 */
export class Applications {
  readonly #books: Books
  readonly #random: ((bytes: number) => Uint8Array) | undefined

  constructor(_options: object, deps: { books: Books; random?: (bytes: number) => Uint8Array }) {
    this.#books = deps.books
    this.#random = deps.random
  }

  list(): KnownApplication[] {
    return [...this.#books.register.applications.values()]
  }

  /** A newer application of the same clinic takes the place of one that is still open. */
  async apply(application: Application, by: Person): Promise<KnownApplication> {
    const { id } = await this.#books.record(() => ({ act: 'applied', id: randomUUID(), by, application }))
    return this.#application(id)
  }

  /** Throws NOT_FOUND, APPLICATION_CLOSED, SECOND_PERSON_REQUIRED. */
  async approve(id: string, by: Person): Promise<Approval> {
    const token = makeEnrolmentToken(this.#random)
    const { enrolment } = await this.#books.record((register, now): ActOf<'approved'> => {
      const known = register.applications.get(id)
      if (known === undefined) throw new TwiinError('NOT_FOUND')
      if (known.state !== 'open') throw new TwiinError('APPLICATION_CLOSED', { state: known.state })
      // spec 06 §4: two different people.
      if (known.approvals.includes(by)) throw new TwiinError('SECOND_PERSON_REQUIRED', { by })
      const approval = { act: 'approved', id, by } as const
      if (known.approvals.length === 0) return approval
      return { ...approval, enrolment: { digest: tokenDigest(token), expiresAt: now + tokenLifetimeMs } }
    })
    const application = this.#application(id)
    return enrolment ? { application, enrolment: { token, expiresAt: enrolment.expiresAt } } : { application }
  }

  #application(id: string): KnownApplication {
    const known = this.#books.register.applications.get(id)
    if (known === undefined) throw new TwiinError('NOT_FOUND')
    return known
  }
}
