import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import { GuessLimits } from './guess-limits.ts'

/** Who can log in, and with what: a password, and whatever else the app asks for. */
export interface Accounts<P, Proof extends readonly unknown[]> {
  /** The person, or undefined for an unknown name or a wrong proof; all of them take the same time. */
  byPassword(username: string, ...proof: Proof): Promise<P | undefined>
  /** True while the person is who the session began with; a session ends with it. */
  stillThere(person: P): boolean
}

interface Session<P> {
  /** Shown to the person, to tell one from another; opens nothing. */
  id: string
  person: P
  address: string
  begun: number
  /** When the person last did something. */
  seen: number
  /** When the person last proved who they are, by logging in too. */
  provedAt: number
  confirmedAt?: number
  /** The last confirmation that was for one act, and for nothing else. */
  confirmedFor?: { act: string; at: number }
  /** Wrong confirmations since the last right one. */
  wrong: number
  isLocked: boolean
}

export type Begun<P> = { secret: string; person: P } | 'wrong' | 'locked'

/** A session as its own person sees it. Times in milliseconds since the Unix epoch. */
export interface ShownSession {
  readonly id: string
  readonly address: string
  readonly begun: number
  readonly seen: number
  readonly isLocked: boolean
}

export interface SessionsOptions {
  /** Without anything done. Half an hour, if not said otherwise. */
  idleMs?: number
  /** From the log-in on, whatever was done. Twelve hours, if not said otherwise. */
  longestMs?: number
  /** What an idle session comes to: its end, or a lock that its person opens again. */
  whenIdle?: 'end' | 'lock'
}

const mostSessions = 10_000
/** Wrong confirmations that end a session. */
const mostWrong = 5

/** Log-ins. In memory: a restart logs everybody out. */
export class Sessions<P extends { readonly id: string }, Proof extends readonly unknown[] = [string]> {
  readonly #idleMs: number
  readonly #longestMs: number
  readonly #locksWhenIdle: boolean
  readonly #people: Accounts<P, Proof>
  readonly #clock: Clock
  readonly #limits: GuessLimits
  readonly #sessions = new Map<string, Session<P>>()

  constructor(options: SessionsOptions, deps: { people: Accounts<P, Proof>; clock: Clock }) {
    this.#idleMs = options.idleMs ?? 30 * 60_000
    this.#longestMs = options.longestMs ?? 12 * 3_600_000
    this.#locksWhenIdle = options.whenIdle === 'lock'
    this.#people = deps.people
    this.#clock = deps.clock
    this.#limits = new GuessLimits({}, deps)
  }

  /**
   * A new session's secret, or why there is none. Five wrong proofs from one network lock the name there for a minute,
   * doubling; see GuessLimits. `address` is that of the client. What `byPassword` throws counts as wrong.
   */
  async begin(who: { username: string; address: string }, ...proof: Proof): Promise<Begun<P>> {
    const guess = { name: who.username, address: who.address }
    const person = await this.#limits.judge(guess, () => this.#people.byPassword(who.username, ...proof))
    if (person === undefined || person === 'locked') return person ?? 'wrong'
    return this.beginFor(person, who.address)
  }

  /** A new session of somebody who proved otherwise who they are. */
  beginFor(person: P, address: string): { secret: string; person: P } {
    const now = this.#clock.now()
    this.#sweep(now)
    const id = randomBytes(9).toString('base64url')
    const times = { begun: now, seen: now, provedAt: now }
    return { secret: this.#keep({ id, person, address, ...times, wrong: 0, isLocked: false }), person }
  }

  /**
   * Whose session this is; undefined when it is over or locked. `idleMs`: the person did something so long ago, when they
   * did nothing for this call; infinite for a call that never is of their doing.
   */
  find(secret: string, idleMs = 0): P | undefined {
    const session = this.#live(secret)
    if (session === undefined) return undefined
    session.seen = Math.max(session.seen, this.#clock.now() - idleMs)
    return session.person
  }

  /** Whether the session goes on, asked by a machine: it does not keep it from going idle. */
  isLive(secret: string): boolean {
    return this.#live(secret) !== undefined
  }

  /** By which it can be asked for later on; it stays the same when the session is locked and opened. Undefined when not open. */
  idOf(secret: string): string | undefined {
    return this.#live(secret)?.id
  }

  /** Whether the session of this id goes on and is open, asked by a machine. */
  isOpen(id: string): boolean {
    for (const [key, session] of this.#sessions)
      if (session.id === id) return this.#presentAt(key)?.isLocked === false
    return false
  }

  /** Whether it waits for its person to prove who they are. */
  isLocked(secret: string): boolean {
    return this.#present(secret)?.isLocked === true
  }

  lock(secret: string): void {
    const session = this.#present(secret)
    if (session !== undefined) session.isLocked = true
  }

  /**
   * Opens a locked session again, under another secret: who knew the old one has nothing. Five wrong answers end it. Its
   * longest time goes on from the log-in. `judge` may throw: that counts as wrong.
   */
  async unlock(secret: string, judge: (person: P) => Promise<boolean>): Promise<Begun<P>> {
    const session = this.#present(secret)
    if (session === undefined || !session.isLocked) return 'wrong'
    if (!(await this.#isRight(secret, session, judge))) return 'wrong'
    // It may have ended meanwhile, or another answer may have been first.
    if (!this.#sessions.delete(digest(secret))) return 'wrong'
    const now = this.#clock.now()
    const { confirmedAt: _, confirmedFor: __, ...rest } = session
    return {
      secret: this.#keep({ ...rest, seen: now, provedAt: now, isLocked: false }),
      person: session.person,
    }
  }

  /**
   * The person proves once more who they are. Five wrong answers end the session, and touch nothing else: what others try
   * elsewhere takes no confirmation away, and a stolen cookie guesses five codes. With `act` it is for that alone: see
   * `spendConfirmation`.
   */
  async confirm(
    secret: string,
    judge: (person: P) => Promise<boolean>,
    act?: string,
  ): Promise<'confirmed' | 'wrong'> {
    const session = this.#live(secret)
    if (session === undefined) return 'wrong'
    if (!(await this.#isRight(secret, session, judge))) return 'wrong'
    const at = this.#clock.now()
    session.provedAt = at
    if (act === undefined) session.confirmedAt = at
    else session.confirmedFor = { act, at }
    return 'confirmed'
  }

  /** When the person last confirmed for no act in particular; undefined when never in this session. Milliseconds since the Unix epoch. */
  confirmedAt(secret: string): number | undefined {
    return this.#live(secret)?.confirmedAt
  }

  /**
   * Takes the confirmation that was for this act: for another one the person confirms again. False when there is none, it
   * was for something else, or longer ago than `withinMs`.
   */
  spendConfirmation(secret: string, act: string, withinMs: number): boolean {
    const session = this.#live(secret)
    const confirmed = session?.confirmedFor
    if (session === undefined || confirmed?.act !== act) return false
    delete session.confirmedFor
    return this.#clock.now() - confirmed.at <= withinMs
  }

  /** When the person last proved who they are: confirmed, unlocked or logged in. */
  provedAt(secret: string): number | undefined {
    return this.#live(secret)?.provedAt
  }

  end(secret: string): void {
    this.#sessions.delete(digest(secret))
  }

  /** What somebody has open, oldest first, and which of them this secret is of. */
  listOf(personId: string, secret: string): (ShownSession & { isThis: boolean })[] {
    const own = this.#present(secret)?.id
    return [...this.#sessions.keys()]
      .map((key) => this.#presentAt(key))
      .filter((session) => session?.person.id === personId)
      .map((session) => session as Session<P>)
      .map(({ id, address, begun, seen, isLocked }) => {
        return { id, address, begun, seen, isLocked, isThis: id === own }
      })
  }

  /** False when this person has no such session. */
  endOf(personId: string, id: string): boolean {
    for (const [key, session] of this.#sessions)
      if (session.id === id && session.person.id === personId) return this.#sessions.delete(key)
    return false
  }

  /** All of them, locked or not. */
  endAllOf(personId: string): void {
    for (const [key, { person }] of this.#sessions) if (person.id === personId) this.#sessions.delete(key)
  }

  /** Everybody who has a session, once each. */
  people(): P[] {
    const present = [...this.#sessions.keys()].map((key) => this.#presentAt(key)?.person)
    return [
      ...new Map(
        present.filter((person) => person !== undefined).map((person) => [person.id, person]),
      ).values(),
    ]
  }

  #keep(session: Session<P>): string {
    const secret = randomBytes(32).toString('base64url')
    this.#sessions.set(digest(secret), session)
    return secret
  }

  async #isRight(
    secret: string,
    session: Session<P>,
    judge: (person: P) => Promise<boolean>,
  ): Promise<boolean> {
    if (session.wrong >= mostWrong) return false
    // Counted before it is judged: many at once are still many.
    session.wrong++
    let isRight = false
    try {
      isRight = await judge(session.person)
    } finally {
      if (!isRight && session.wrong >= mostWrong) this.end(secret)
    }
    if (isRight) session.wrong = 0
    return isRight
  }

  /** Goes on and is open. */
  #live(secret: string): Session<P> | undefined {
    const session = this.#present(secret)
    return session === undefined || session.isLocked ? undefined : session
  }

  #present(secret: string): Session<P> | undefined {
    return this.#presentAt(digest(secret))
  }

  #presentAt(key: string): Session<P> | undefined {
    const session = this.#sessions.get(key)
    const now = this.#clock.now()
    if (session === undefined || this.#isOver(session, now)) return undefined
    if (!this.#people.stillThere(session.person)) return undefined
    // Idle once is locked, whatever the clock says next.
    if (this.#isIdle(session, now)) session.isLocked = true
    return session
  }

  #isIdle({ seen }: Session<P>, now: number): boolean {
    return now - seen > this.#idleMs
  }

  #isOver(session: Session<P>, now: number): boolean {
    return (!this.#locksWhenIdle && this.#isIdle(session, now)) || now - session.begun > this.#longestMs
  }

  #sweep(now: number): void {
    for (const [key, session] of this.#sessions) {
      if (this.#isOver(session, now) || this.#sessions.size >= mostSessions) this.#sessions.delete(key)
    }
  }
}

// Only digests are kept, so that a memory dump shows no usable cookie.
const digest = (secret: string) => createHash('sha256').update(secret).digest('base64')
