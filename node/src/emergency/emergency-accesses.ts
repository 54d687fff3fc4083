import { parseBsn } from '@twiin/patient-token'
import type { Bsn } from '@twiin/patient-token'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Account } from '../account/account.ts'
import type { Person } from '../people/people-file.ts'
import type { EmergencyBook } from './emergency-book.ts'
import { boxMs, purposeOf, stateOf } from './emergency-use.ts'
import type { Cause, EmergencyUse, EndReason, Review } from './emergency-use.ts'

/** spec 21 §1: characters besides spaces. */
const shortestReason = 10

export interface EmergencyOrder {
  bsn: string
  cause: Cause
  reason: string
}

interface Deps {
  book: EmergencyBook
  account: Account
  clock: Clock
  log: Logger
}

/** Boxes of this hospital's people: one person, one patient, one hour (spec 21 §1, §2). */
export class EmergencyAccesses implements Service {
  readonly name = 'emergency accesses'
  readonly #self: { ura: string; name: string }
  readonly #deps: Deps
  readonly #listeners: ((use: EmergencyUse) => void)[] = []
  /** Of these one review is being written. */
  readonly #reviewing = new Set<string>()
  #stopping = new AbortController()

  constructor(options: { self: { ura: string; name: string } }, deps: Deps) {
    this.#self = options.self
    this.#deps = deps
  }

  /** Reads what an earlier process left: what is open goes on to its end, and what ran out meanwhile ends now. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    for (const use of await this.#deps.book.load()) this.#endInTime(use)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
  }

  /** Told when a box has ended, for whatever reason. */
  onEnd(listener: (use: EmergencyUse) => void): void {
    this.#listeners.push(listener)
  }

  /** Whether a box can be opened for it. Throws `BSN_INVALID`, `VALIDATION`. */
  check(order: EmergencyOrder, person: Person): void {
    this.#boxFor(order, person)
  }

  /**
   * The person has proved who they are: see `refused` for when not. On record before it is open, durable when it
   * resolves. Throws `BSN_INVALID`, `VALIDATION`.
   */
  async open(order: EmergencyOrder, person: Person): Promise<EmergencyUse> {
    const { book, account, clock } = this.#deps
    const use = this.#boxFor(order, person)
    await account.record({ ...this.#line(use), outcome: 'success' })
    const earlier = this.find(person, use.patient.bsn as Bsn)
    await book.add(use)
    if (earlier !== undefined) await this.#end(earlier.id, 'REPLACED')
    this.#endInTime(use, clock.now())
    return use
  }

  /** Somebody wanted a box and did not prove who they are. Throws as `open`. */
  async refused(order: EmergencyOrder, person: Person, reason: string): Promise<void> {
    await this.#deps.account.record({
      ...this.#line(this.#boxFor(order, person)),
      outcome: 'refused',
      reason,
    })
  }

  /** The open box of this person for this patient. */
  find(person: Pick<Person, 'id'>, bsn: Bsn): EmergencyUse | undefined {
    return this.#boxes().find(({ user, patient }) => user.id === person.id && patient.bsn === bsn)
  }

  isOpen(id: string): boolean {
    return this.#boxes().some((use) => use.id === id)
  }

  /** Something was done under it. Durable when it resolves. */
  async used(id: string, what: 'searches' | 'retrievals'): Promise<void> {
    await this.#deps.book.change(id, (use) => ({ [what]: use[what] + 1 }))
  }

  /** By whom it is. Throws `NOT_FOUND`, `STATE_CONFLICT`. */
  async end(id: string, person: Person): Promise<void> {
    const use = await this.#deps.book.get(id)
    if (use?.direction !== 'own' || use.user.id !== person.id) throw new TwiinError('NOT_FOUND')
    if (!this.isOpen(id)) throw new TwiinError('STATE_CONFLICT')
    // Of two who end it at once, and of this and its hour, one is first.
    if (!(await this.#end(id, 'ENDED'))) throw new TwiinError('STATE_CONFLICT')
  }

  /**
   * What somebody thinks of a use that is over, and is not their own. On record first. Throws `NOT_FOUND`, `OWN_USE`,
   * `STATE_CONFLICT`, `VALIDATION`.
   */
  async review(id: string, review: Pick<Review, 'verdict' | 'note'>, person: Person): Promise<EmergencyUse> {
    // Of two at the same moment one is first, and on record; the other is not.
    if (this.#reviewing.has(id)) throw new TwiinError('STATE_CONFLICT')
    this.#reviewing.add(id)
    try {
      return await this.#review(id, review, person)
    } finally {
      this.#reviewing.delete(id)
    }
  }

  async #review(
    id: string,
    { verdict, note }: Pick<Review, 'verdict' | 'note'>,
    person: Person,
  ): Promise<EmergencyUse> {
    const { book, account, clock } = this.#deps
    const use = await book.get(id)
    if (use === undefined) throw new TwiinError('NOT_FOUND')
    // Roles change. A user of another hospital may have the same id.
    if (use.direction === 'own' && use.user.id === person.id) throw new TwiinError('OWN_USE')
    if (verdict !== 'justified' && note.trim() === '') throw new TwiinError('VALIDATION', { at: 'note' })
    const refuse = (now: EmergencyUse) => {
      if (now.review !== undefined || stateOf(now, clock.now()) === 'open')
        throw new TwiinError('STATE_CONFLICT')
    }
    refuse(use)
    await account.record({
      event: 'emergency-reviewed',
      outcome: 'success',
      reason: verdict.toUpperCase().replace('-', '_'),
      user: person,
      responsible: { id: use.user.id, name: use.user.name },
      ...(use.peerId === undefined ? {} : { peerId: use.peerId }),
      patient: { citizenNumber: use.patient.bsn },
      purpose: { basis: 'emergency', reason: use.reason },
      protocol: 'spec 21 §4',
      requestId: id,
    })
    const by = { id: person.id, name: person.name }
    return book.change(id, (now) => {
      refuse(now)
      return { review: { verdict, note: note.trim(), by, at: clock.now() } }
    })
  }

  #boxes(): EmergencyUse[] {
    const now = this.#deps.clock.now()
    return this.#deps.book.pending().filter((use) => use.direction === 'own' && stateOf(use, now) === 'open')
  }

  #boxFor({ bsn, cause, reason }: EmergencyOrder, person: Person): EmergencyUse {
    const { book, clock } = this.#deps
    if (reason.replace(/\s/g, '').length < shortestReason)
      throw new TwiinError('VALIDATION', { at: 'reason' })
    const openedAt = clock.now()
    return {
      id: book.newId(),
      direction: 'own',
      ...{ openedAt, until: openedAt + boxMs, cause, reason: reason.trim() },
      user: { id: person.id, name: person.name, role: person.role },
      organisation: { ura: this.#self.ura, name: this.#self.name },
      patient: { bsn: parseBsn(bsn) },
      ...{ searches: 0, retrievals: 0 },
    }
  }

  #line(use: EmergencyUse) {
    return {
      event: 'emergency',
      user: use.user,
      patient: { citizenNumber: use.patient.bsn },
      purpose: purposeOf(use),
      protocol: 'spec 21 §1',
      requestId: use.id,
    } as const
  }

  #endInTime(use: EmergencyUse, now = this.#deps.clock.now()): void {
    this.#deps.clock
      .sleep(Math.max(0, use.until - now), this.#stopping.signal)
      .then(
        async () => void (await this.#end(use.id, 'EXPIRED')),
        () => {},
      )
      .catch((error: unknown) =>
        this.#deps.log.error('end of an emergency not written', { code: codeOf(error) }),
      )
  }

  /** Told and on record once. False when it had ended already. */
  async #end(id: string, endReason: EndReason): Promise<boolean> {
    const { book, account, clock } = this.#deps
    const use = await book.get(id)
    if (use === undefined || use.endedAt !== undefined) return false
    const endedAt = Math.min(clock.now(), use.until)
    let isOurs = false
    const ended = await book.change(id, (now) => {
      isOurs = now.endedAt === undefined
      return isOurs ? { endedAt, endReason } : {}
    })
    if (!isOurs) return false
    for (const listener of this.#listeners) listener(ended)
    await account.record({ ...this.#line(ended), outcome: 'success', reason: endReason })
    return true
  }
}
