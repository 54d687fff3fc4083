import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'
import { requireOwnPage } from '@twiin/web'
import type { LiveEvents, Sessions } from '@twiin/web'
import { Type } from 'typebox'
import { sessionCookie } from '../http/authenticate.ts'
import type { Accounts, Proof } from './accounts.ts'
import { roles } from './staff.ts'
import type { Staff } from './staff.ts'

export interface SessionDeps {
  accounts: Accounts
  sessions: Sessions<Staff, Proof>
  events: LiveEvents
  clock: Clock
  log: Logger
}

const closed = { additionalProperties: false }
const Code = Type.String({ pattern: '^\\d{6}$' })
const LogIn = Type.Object(
  { username: Type.String({ maxLength: 64 }), password: Type.String({ maxLength: 256 }), code: Code },
  closed,
)
const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' as const }
const limited = { rateLimit: { max: 60, timeWindow: 60_000 } }
const iso = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString())

/** Log in, confirm, log out, and listen. spec 06 §4 */
export function sessionRoutes(deps: SessionDeps): FastifyPluginAsyncTypebox {
  const { accounts, sessions, events, clock, log } = deps
  return async (app) => {
    app.post(
      '/session',
      { config: { open: true, ...limited }, schema: { body: LogIn } },
      async (request, reply) => {
        const { username, password, code } = request.body
        const begun = await sessions.begin({ username, address: request.ip }, password, code)
        if (typeof begun === 'string') {
          // Not the name as typed: it may be a password in the wrong field.
          log.warn('log-in refused', { why: begun, ...(accounts.isKnown(username) && { person: username }) })
          throw new TwiinError(begun === 'locked' ? 'TOO_MANY_ATTEMPTS' : 'NOT_AUTHENTICATED')
        }
        log.info('log-in', { person: begun.person.id })
        const answer = { user: begun.person, confirmedAt: null }
        return reply.setCookie(sessionCookie, begun.secret, cookieOptions).send(answer)
      },
    )
    app.get('/session', { config: { roles } }, ({ staff, confirmedAt }) => ({
      user: staff,
      confirmedAt: iso(confirmedAt),
    }))
    app.delete('/session', { config: { open: true } }, async (request, reply) => {
      const secret = request.cookies[sessionCookie]
      if (secret !== undefined) {
        requireOwnPage(request)
        sessions.end(secret)
      }
      return reply.clearCookie(sessionCookie, cookieOptions).code(204).send()
    })
    app.post(
      '/session/confirmation',
      { config: { roles, ...limited }, schema: { body: Type.Object({ code: Code }, closed) } },
      async ({ session, staff, body }) => {
        // A bearer token is a confirmation each time.
        if (session === undefined) return { confirmedAt: iso(clock.now()) }
        const outcome = await sessions.confirm(session, (person) => accounts.confirms(person, body.code))
        log.info('confirmation', { person: staff.id, outcome })
        if (outcome === 'wrong') throw new TwiinError('CODE_WRONG')
        return { confirmedAt: iso(sessions.confirmedAt(session)) }
      },
    )
    app.get('/events', { config: { roles } }, ({ session }, reply) =>
      events.attach(reply, () => session === undefined || sessions.isLive(session)),
    )
  }
}
