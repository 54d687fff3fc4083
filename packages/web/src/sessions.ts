import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import { GuessLimits } from './guess-limits.ts'

/** Who can log in, and with what: a password, and whatever else the app asks for. */
export interface Accounts<P, Proof extends readonly string[]> {
  /** The person, or undefined for an unknown name or a wrong proof; all of them take the same time. */
  byPassword(username: string, ...proof: Proof): Promise<P | undefined>
  /** True while the person is who the session began with; a session ends with it. */
  stillThere(person: P): boolean
}

interface Session<P> {
  person: P
  begun: number
  seen: number
  confirmedAt?: number
  /** Wrong confirmations since the last right one. */
  wrong: number
}

export type Begun<P> = { secret: string; person: P } | 'wrong' | 'locked'

const mostSessions = 10_000
/** Wrong confirmations that end a session. */
const mostWrong = 5

/** Log-ins. In memory: a restart logs everybody out. Idle 30 minutes or 12 hours end one, if not said otherwise. */
export class Sessions<P extends { readonly id: string }, Proof extends readonly string[] = [string]> {
  readonly #idleMs: number
  readonly #longestMs: number
  readonly #people: Accounts<P, Proof>
  readonly #clock: Clock
  readonly #limits: GuessLimits
  readonly #sessions = new Map<string, Session<P>>()

  constructor(
    options: { idleMs?: number; longestMs?: number },
    deps: { people: Accounts<P, Proof>; clock: Clock },
  ) {
    this.#idleMs = options.idleMs ?? 30 * 60_000
    this.#longestMs = options.longestMs ?? 12 * 3_600_000
    this.#people = deps.people
    this.#clock = deps.clock
    this.#limits = new GuessLimits({}, deps)
  }

  /**
   * A new session's secret, or why there is none. Five wrong proofs from one network lock the name there for a minute,
   * doubling; see GuessLimits. `address` is that of the client.
   */
  async begin(who: { username: string; address: string }, ...proof: Proof): Promise<Begun<P>> {
    const guess = { name: who.username, address: who.address }
    const person = await this.#limits.judge(guess, () => this.#people.byPassword(who.username, ...proof))
    if (person === undefined || person === 'locked') return person ?? 'wrong'
    const secret = randomBytes(32).toString('base64url')
    const now = this.#clock.now()
    this.#sweep(now)
    this.#sessions.set(digest(secret), { person, begun: now, seen: now, wrong: 0 })
    return { secret, person }
  }

  find(secret: string): P | undefined {
    const session = this.#live(secret)
    if (session === undefined) return undefined
    session.seen = this.#clock.now()
    return session.person
  }

  /** Whether the session goes on, asked by a machine: it does not keep it from going idle. */
  isLive(secret: string): boolean {
    return this.#live(secret) !== undefined
  }

  /**
   * The person proves once more who they are. Five wrong answers end the session, and touch nothing else: what others try
   * elsewhere takes no confirmation away, and a stolen cookie guesses five codes.
   */
  async confirm(secret: string, judge: (person: P) => Promise<boolean>): Promise<'confirmed' | 'wrong'> {
    const session = this.#live(secret)
    if (session === undefined || session.wrong >= mostWrong) return 'wrong'
    // Counted before it is judged: many at once are still many.
    session.wrong++
    if (!(await judge(session.person))) {
      if (session.wrong >= mostWrong) this.end(secret)
      return 'wrong'
    }
    session.wrong = 0
    session.confirmedAt = this.#clock.now()
    return 'confirmed'
  }

  /** When the person last confirmed; undefined when never in this session. Milliseconds since the Unix epoch. */
  confirmedAt(secret: string): number | undefined {
    return this.#live(secret)?.confirmedAt
  }

  end(secret: string): void {
    this.#sessions.delete(digest(secret))
  }

  #live(secret: string): Session<P> | undefined {
    const session = this.#sessions.get(digest(secret))
    const isOver = session === undefined || this.#isOver(session, this.#clock.now())
    return isOver || !this.#people.stillThere(session.person) ? undefined : session
  }

  #isOver(session: Session<P>, now: number): boolean {
    return now - session.seen > this.#idleMs || now - session.begun > this.#longestMs
  }

  #sweep(now: number): void {
    for (const [key, session] of this.#sessions) {
      if (this.#isOver(session, now) || this.#sessions.size >= mostSessions) this.#sessions.delete(key)
    }
  }
}

// Only digests are kept, so that a memory dump shows no usable cookie.
const digest = (secret: string) => createHash('sha256').update(secret).digest('base64')
