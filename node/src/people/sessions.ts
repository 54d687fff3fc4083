import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@twiin/runtime'
import type { People, Person } from './people-file.ts'

interface Session {
  person: Person
  begun: number
  seen: number
}

/** Passwords judged at the same time; more wait outside. */
const mostAtOnce = 8
/** Names whose wrong passwords are remembered; anybody can make some up. */
const mostNames = 10_000
const mostSessions = 10_000
const longestLockMs = 3_600_000

/** Log-ins of people at this hospital. In memory: a restart logs everybody out. Idle 30 minutes or 12 hours end one. */
export class Sessions {
  readonly #idleMs: number
  readonly #longestMs: number
  readonly #people: People
  readonly #clock: Clock
  readonly #sessions = new Map<string, Session>()
  #judging = 0
  readonly #failures = new Map<string, { count: number; until: number }>()

  constructor(options: { idleMs?: number; longestMs?: number }, deps: { people: People; clock: Clock }) {
    this.#idleMs = options.idleMs ?? 30 * 60_000
    this.#longestMs = options.longestMs ?? 12 * 3_600_000
    this.#people = deps.people
    this.#clock = deps.clock
  }

  /** A new session's secret, or why there is none. Five wrong passwords lock the name for a minute, doubling. */
  async begin(
    username: string,
    password: string,
  ): Promise<{ secret: string; person: Person } | 'wrong' | 'locked'> {
    const now = this.#clock.now()
    if ((this.#failures.get(username)?.until ?? 0) > now || this.#judging >= mostAtOnce) return 'locked'
    // Counted before it is judged: many guesses at once are still many guesses.
    this.#noteFailure(username, now)
    const person = await this.#judge(username, password)
    if (person === undefined) return 'wrong'
    this.#failures.delete(username)
    const secret = randomBytes(32).toString('base64url')
    this.#sweep(now)
    this.#sessions.set(digest(secret), { person, begun: now, seen: now })
    return { secret, person }
  }

  /** Each costs a tenth of a second and 32 MiB. */
  async #judge(username: string, password: string): Promise<Person | undefined> {
    this.#judging++
    try {
      return await this.#people.byPassword(username, password)
    } finally {
      this.#judging--
    }
  }

  find(secret: string): Person | undefined {
    const session = this.#sessions.get(digest(secret))
    const now = this.#clock.now()
    if (session === undefined || this.#isOver(session, now) || !this.#people.stillThere(session.person))
      return undefined
    session.seen = now
    return session.person
  }

  end(secret: string): void {
    this.#sessions.delete(digest(secret))
  }

  #noteFailure(username: string, now: number): void {
    const before = this.#failures.get(username)
    const count = before === undefined || now - before.until > longestLockMs ? 1 : before.count + 1
    this.#failures.delete(username)
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < mostNames) break
      this.#failures.delete(oldest)
    }
    const lockedMs = count < 5 ? 0 : Math.min(60_000 * 2 ** (count - 5), longestLockMs)
    this.#failures.set(username, { count, until: now + lockedMs })
  }

  #isOver(session: Session, now: number): boolean {
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
