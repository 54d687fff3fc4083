import { codeOf, TwiinError } from '@twiin/runtime'
import {
  busyPage,
  earlyPage,
  entryPage,
  lockedPage,
  onwardPage,
  overPage,
  preparingPage,
} from '@twiin/share-pages'
import type { EntryFacts } from '@twiin/share-pages'
import { clientNetwork } from '@twiin/web'
import type { FastifyReply, FastifyRequest } from '@twiin/web'
import type { Entered, OpenShare, PatientDoor, Proof } from '../shares/patient-door.ts'
import type { DoorFacts } from './door-facts.ts'
import type { LoginPages } from './entrance.ts'
import { sessionCookie } from './sessions.ts'
import type { DoorSession, DoorSessions } from './sessions.ts'

const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' as const }
const busySeconds = 10

export interface Inside {
  session: DoorSession
  share: OpenShare
}

/** From the second factor to a session or to the page that says why not, and from a request to its session. */
export class Doorman implements LoginPages {
  readonly #door: PatientDoor
  readonly #sessions: DoorSessions
  readonly #facts: DoorFacts

  constructor(deps: { door: PatientDoor; sessions: DoorSessions; facts: DoorFacts }) {
    this.#door = deps.door
    this.#sessions = deps.sessions
    this.#facts = deps.facts
  }

  /** Shows a code, or a number that a broker vouches for. */
  async enter(request: FastifyRequest, link: string, proof: Proof): Promise<Entered> {
    try {
      return await this.#door.enter(link, proof, clientNetwork(request.ip))
    } catch (error) {
      if (codeOf(error) === 'BUSY') return { outcome: 'busy' }
      throw error
    }
  }

  async onward(request: FastifyRequest, reply: FastifyReply, to: string): Promise<FastifyReply> {
    return send(reply, 200, onwardPage(this.#facts.page(request), to))
  }

  async arrived(
    request: FastifyRequest,
    reply: FastifyReply,
    who: { link: string; bsn: string },
  ): Promise<FastifyReply> {
    const entered = await this.enter(request, who.link, { bsn: who.bsn })
    if (entered.outcome === 'open') {
      this.#begin(request, reply, { link: who.link, shareId: entered.shareId })
      return this.onward(request, reply, this.#open(request, who.link))
    }
    // Nothing was typed: it was somebody else, or nobody has this link.
    if (entered.outcome === 'wrong' || entered.outcome === 'code-spent')
      return this.entry(request, reply, who.link, { after: { kind: 'login-not-yours' }, status: 422 })
    return this.answer(request, reply, who.link, entered)
  }

  async failed(
    request: FastifyRequest,
    reply: FastifyReply,
    why: { link: string | undefined; reason: string },
  ): Promise<FastifyReply> {
    if (why.link === undefined) throw new TwiinError('NOT_FOUND')
    const [kind, status] =
      why.reason === 'unavailable'
        ? (['login-busy', 503] as const)
        : ([why.reason === 'too-weak' ? 'login-too-weak' : 'login-failed', 422] as const)
    return this.entry(request, reply, why.link, { after: { kind }, status })
  }

  /** What came of a code: a session, and on to it; or the page that says why not. */
  answer(request: FastifyRequest, reply: FastifyReply, link: string, entered: Entered): FastifyReply {
    const facts = this.#facts.link(request, link)
    switch (entered.outcome) {
      case 'open':
        this.#begin(request, reply, { link, shareId: entered.shareId })
        return reply.redirect(this.#open(request, link), 303)
      case 'wrong':
        return this.entry(request, reply, link, { after: { kind: 'wrong', left: entered.left }, status: 422 })
      case 'code-spent':
        return this.entry(request, reply, link, { after: { kind: 'code-spent' }, status: 422 })
      case 'locked':
        return send(reply, 429, lockedPage(facts))
      case 'early':
        return send(reply, 200, earlyPage(facts, entered.opensAt))
      case 'preparing':
        return send(reply, 200, preparingPage(facts))
      case 'over':
        return send(reply, 410, overPage(facts, entered.reason))
      case 'busy':
        return send(reply.header('retry-after', busySeconds), 503, busyPage(facts))
    }
  }

  /** The page before the second factor. Throws NOT_FOUND for what no link looks like. */
  entry(
    request: FastifyRequest,
    reply: FastifyReply,
    link: string,
    { after, status = 200 }: { after?: EntryFacts['after']; status?: number } = {},
  ): FastifyReply {
    const facts = this.#facts.entry(request, link, after)
    if (facts === undefined) throw new TwiinError('NOT_FOUND')
    return send(reply, status, entryPage(facts))
  }

  /** Who asks, and what for; undefined when there is no session of this link, or its share is over. */
  async inside(request: FastifyRequest, link: string): Promise<Inside | undefined> {
    const session = this.#sessions.use(request.cookies[sessionCookie], link)
    if (session === undefined) return undefined
    const share = await this.#door.opened(session.shareId)
    if (share !== undefined && !session.signal.aborted) return { session, share }
    this.#sessions.end(request.cookies[sessionCookie])
    return undefined
  }

  end(request: FastifyRequest, reply: FastifyReply): void {
    this.#sessions.end(request.cookies[sessionCookie])
    reply.clearCookie(sessionCookie, cookieOptions)
  }

  /** In the place of the one that this browser had. */
  #begin(request: FastifyRequest, reply: FastifyReply, of: { link: string; shareId: string }): void {
    this.#sessions.end(request.cookies[sessionCookie])
    reply.setCookie(sessionCookie, this.#sessions.begin(of), cookieOptions)
  }

  #open(request: FastifyRequest, link: string): string {
    return `/z/${link}/open?lang=${this.#facts.page(request).language}`
  }
}

export const send = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(page)
