import { createHash } from 'node:crypto'
import type { Clock } from '@twiin/runtime'

/** Of the recipient's browser. `__Host-`: secure, for the whole origin, set by nobody else (RFC 6265bis §4.1.3.2). */
export const sessionCookie = '__Host-twiin_share'

/** Without use, and at most; milliseconds (spec 25 §4). */
export const idleMs = 15 * 60_000
export const longestMs = 2 * 3_600_000
/** Each is some hundred bytes. */
const mostSessions = 20_000
/** Browsers of one recipient, or of a practice. Whoever has its code takes no place of another share. */
const mostOfOneShare = 50

/** Somebody who showed the second factor of one share, in one browser. */
export class DoorSession {
  readonly shareId: string
  /** The path segment it was opened by. */
  readonly link: string
  readonly beganAt: number
  usedAt: number
  /** Of the package, for a browser without script: here and nowhere else, as long as the session. */
  key: Uint8Array | undefined
  readonly #noted = new Map<string, Promise<void>>()
  readonly #ended = new AbortController()

  constructor(of: { shareId: string; link: string; now: number }) {
    this.shareId = of.shareId
    this.link = of.link
    this.beganAt = of.now
    this.usedAt = of.now
  }

  /** Aborted when the session is over: what streams, stops. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  endsAt(): number {
    return Math.min(this.usedAt + idleMs, this.beganAt + longestMs)
  }

  end(): void {
    this.key?.fill(0)
    this.key = undefined
    this.#ended.abort()
  }

  /** Does `note` once a session; who comes meanwhile waits for it. One that failed is done again. */
  once(what: string, note: () => Promise<void>): Promise<void> {
    const begun = this.#noted.get(what)
    if (begun !== undefined) return begun
    const noting = note().catch((error: unknown) => {
      this.#noted.delete(what)
      throw error
    })
    this.#noted.set(what, noting)
    return noting
  }
}

/** In memory only: a restart ends them all, and the key of a package never reaches a disk. */
export class DoorSessions {
  /** By digest of the secret: memory that leaks gives no usable cookie. */
  readonly #sessions = new Map<string, DoorSession>()
  readonly #most: number
  readonly #mostOfOneShare: number
  readonly #clock: Clock
  readonly #random: (bytes: number) => Uint8Array

  constructor(
    options: { most?: number; mostOfOneShare?: number },
    deps: { clock: Clock; random: (bytes: number) => Uint8Array },
  ) {
    this.#most = options.most ?? mostSessions
    this.#mostOfOneShare = options.mostOfOneShare ?? mostOfOneShare
    this.#clock = deps.clock
    this.#random = deps.random
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Answers the secret for the cookie. Beyond the bounds the one longest without use ends, of this share or of all. */
  begin(of: { shareId: string; link: string }): string {
    for (const [key, session] of this.#sessions)
      if (session.endsAt() <= this.#clock.now()) this.#end(key, session)
    // Of its own share first: it may take no place of another.
    this.#makeRoom(this.#mostOfOneShare, ({ shareId }) => shareId === of.shareId)
    this.#makeRoom(this.#most, () => true)
    const secret = Buffer.from(this.#random(32)).toString('base64url')
    this.#sessions.set(digest(secret), new DoorSession({ ...of, now: this.#clock.now() }))
    return secret
  }

  /** The session of this cookie, if it is of this link and not over; using it makes it last. */
  use(secret: string | undefined, link: string): DoorSession | undefined {
    if (secret === undefined) return undefined
    const key = digest(secret)
    const session = this.#sessions.get(key)
    if (session === undefined) return undefined
    if (session.endsAt() <= this.#clock.now()) {
      this.#end(key, session)
      return undefined
    }
    if (session.link !== link) return undefined
    session.usedAt = this.#clock.now()
    return session
  }

  /** Whether there is a session, of whatever link; does not make it last. */
  isOpen(secret: string | undefined): boolean {
    const session = secret === undefined ? undefined : this.#sessions.get(digest(secret))
    return session !== undefined && session.endsAt() > this.#clock.now()
  }

  end(secret: string | undefined): void {
    if (secret === undefined) return
    const key = digest(secret)
    const session = this.#sessions.get(key)
    if (session !== undefined) this.#end(key, session)
  }

  endAllOf(shareId: string): void {
    for (const [key, session] of this.#sessions) if (session.shareId === shareId) this.#end(key, session)
  }

  /** Ends those longest without use, until one more fits. A download is use. */
  #makeRoom(most: number, isAmong: (session: DoorSession) => boolean): void {
    const among = [...this.#sessions].filter(([, session]) => isAmong(session))
    if (among.length < most) return
    const byUse = among.toSorted(([, one], [, other]) => one.usedAt - other.usedAt)
    for (const [key, session] of byUse.slice(0, among.length + 1 - most)) this.#end(key, session)
  }

  #end(key: string, session: DoorSession): void {
    this.#sessions.delete(key)
    session.end()
  }
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64')
