import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { requireOwnPage } from '@twiin/web'
import type { Sessions } from '@twiin/web'
import { Type } from 'typebox'
import { roles } from '../people/people-file.ts'
import type { Person } from '../people/people-file.ts'
import { sessionCookie } from './authenticate.ts'
import type { LiveEvents } from './events.ts'

export interface SessionDeps {
  sessions: Sessions<Person>
  events: LiveEvents
  /** Told of every log-in, right or wrong, before it is answered. */
  onLogIn: (username: string, person: Person | undefined) => Promise<void>
}

/** Log in, out, and listen. */
export function sessionRoutes(
  options: { hospital: { ura: string; name: string } },
  deps: SessionDeps,
): FastifyPluginAsyncTypebox {
  const { hospital } = options
  const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' as const }
  const describe = (person: Person) => ({ user: person, hospital })
  return async (app) => {
    app.post(
      '/session',
      {
        config: { open: true, rateLimit: { max: 60, timeWindow: 60_000 } },
        schema: {
          body: Type.Object(
            { username: Type.String({ maxLength: 64 }), password: Type.String({ maxLength: 256 }) },
            { additionalProperties: false },
          ),
        },
      },
      async (request, reply) => {
        const { username, password } = request.body
        const begun = await deps.sessions.begin({ username, address: request.ip }, password)
        if (begun === 'locked') throw new TwiinError('TOO_MANY_ATTEMPTS')
        await deps.onLogIn(username, begun === 'wrong' ? undefined : begun.person)
        if (begun === 'wrong') throw new TwiinError('NOT_AUTHENTICATED')
        return reply.setCookie(sessionCookie, begun.secret, cookieOptions).send(describe(begun.person))
      },
    )
    app.get('/session', { config: { roles } }, (request) => describe(request.person))
    app.delete('/session', { config: { open: true } }, async (request, reply) => {
      const secret = request.cookies[sessionCookie]
      if (secret !== undefined) {
        requireOwnPage(request)
        deps.sessions.end(secret)
      }
      return reply.clearCookie(sessionCookie, cookieOptions).code(204).send()
    })
    app.get('/events', { config: { roles } }, (_request, reply) => deps.events.attach(reply))
  }
}
