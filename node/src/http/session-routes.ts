import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { codeOf, TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { requireOwnPage } from '@twiin/web'
import type { FastifyReply, FastifyRequest, Sessions } from '@twiin/web'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { DescribeSession } from '../people/describe-session.ts'
import { PasskeyAnswer } from '../people/passkey-answer.ts'
import type { LogIns, Proof } from '../people/log-ins.ts'
import type { Passkeys } from '../people/passkeys.ts'
import { roles } from '../people/people-file.ts'
import type { Person } from '../people/people-file.ts'
import type { PeopleOnRecord } from '../people/record-people.ts'
import type { SignOn } from '../people/single-sign-on.ts'
import { sessionCookie } from './authenticate.ts'
import { confirmedActs } from './confirm-person.ts'
import type { LiveEvents } from './events.ts'

export interface SessionDeps {
  sessions: Sessions<Person, Proof>
  logIns: LogIns
  passkeys: Passkeys
  signOn: SignOn | undefined
  events: LiveEvents
  onRecord: PeopleOnRecord
  describe: DescribeSession
  clock: Clock
}

const closed = { additionalProperties: false }
const limited = { rateLimit: { max: 60, timeWindow: 60_000 } }
const Password = Type.String({ maxLength: 256 })
const Code = Type.Optional(Type.String({ minLength: 1, maxLength: 32 }))
/** Who it is once more: by password, and code where there is one, or by passkey. */
const Again = Type.Object(
  { password: Type.Optional(Password), code: Code, passkey: Type.Optional(PasskeyAnswer) },
  closed,
)
type Again = Static<typeof Again>
/** What it is for, when it is to count for that alone. */
export const ForAct = Type.Optional(Type.Enum([...confirmedActs]))
export const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' as const }

/** Puts a new session's cookie in the place of the one that came, whose session is over. */
export function takeOver(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: Pick<Sessions<Person, Proof>, 'end'>,
  secret: string,
): FastifyReply {
  const before = request.cookies[sessionCookie]
  if (before !== undefined) sessions.end(before)
  return reply.setCookie(sessionCookie, secret, cookieOptions)
}

/** Log in, lock, unlock, confirm, log out, and listen (spec 23 §1–§3). */
export function sessionRoutes(deps: SessionDeps): FastifyPluginAsyncTypebox {
  const { sessions, logIns, passkeys, signOn, onRecord, describe } = deps
  /** Judges what was given once more; which of both counts is the person's choice. */
  const isSame = async (person: Person, body: Again): Promise<boolean> => {
    if (body.passkey !== undefined) return (await passkeys.personOf(body.passkey))?.id === person.id
    return body.password !== undefined && logIns.confirms(person, body.password, body.code)
  }
  return async (app) => {
    app.get('/session/options', { config: { open: true } }, () => ({
      signOn: signOn !== undefined,
      passkeys: passkeys.origin ?? null,
    }))
    app.post(
      '/session',
      {
        config: { open: true, ...limited },
        schema: {
          body: Type.Object(
            { username: Type.String({ maxLength: 64 }), password: Password, code: Code },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const { username, password, code } = request.body
        const failed = { id: username, role: '' }
        const begun = await sessions
          .begin({ username, address: request.ip }, password, code)
          .catch(async (error: unknown) => {
            // Right so far: whoever goes no further had the password.
            await onRecord.notLoggedIn(failed, 'PASSWORD', codeOf(error))
            throw error
          })
        if (begun === 'locked') throw new TwiinError('TOO_MANY_ATTEMPTS')
        if (begun === 'wrong') {
          await onRecord.notLoggedIn(failed, 'PASSWORD', 'NOT_AUTHENTICATED')
          throw new TwiinError('NOT_AUTHENTICATED')
        }
        await onRecord.loggedIn(begun.person, 'PASSWORD')
        return takeOver(request, reply, sessions, begun.secret).send(await describe(begun.person))
      },
    )
    app.get('/session', { config: { roles, beforeEnrolment: true } }, ({ person, sessionSecret }) =>
      describe(person, sessionSecret === undefined ? deps.clock.now() : sessions.confirmedAt(sessionSecret)),
    )
    app.delete('/session', { config: { open: true } }, async (request, reply) => {
      const secret = request.cookies[sessionCookie]
      if (secret === undefined) return reply.clearCookie(sessionCookie, cookieOptions).code(204).send()
      requireOwnPage(request)
      const person = sessions.find(secret)
      sessions.end(secret)
      void reply.clearCookie(sessionCookie, cookieOptions)
      const url = person === undefined ? undefined : await signOn?.logOutUrl(person)
      return url === undefined ? reply.code(204).send() : reply.send({ url })
    })
    app.post('/session/lock', { config: { roles, beforeEnrolment: true } }, ({ sessionSecret }, reply) => {
      if (sessionSecret !== undefined) sessions.lock(sessionSecret)
      return reply.code(204).send()
    })
    app.post(
      '/session/unlock',
      { config: { open: true, ...limited }, schema: { body: Again } },
      async (request, reply) => {
        requireOwnPage(request)
        const secret = request.cookies[sessionCookie]
        if (secret === undefined) throw new TwiinError('NOT_AUTHENTICATED')
        let whose: Person | undefined
        const begun = await sessions
          .unlock(secret, (person) => {
            whose = person
            return isSame(person, request.body)
          })
          .catch(async (error: unknown) => {
            if (whose !== undefined) await onRecord.notLoggedIn(whose, 'UNLOCK', codeOf(error))
            throw error
          })
        if (typeof begun === 'string') {
          if (whose !== undefined) await onRecord.notLoggedIn(whose, 'UNLOCK', 'NOT_AUTHENTICATED')
          throw new TwiinError('NOT_AUTHENTICATED')
        }
        await onRecord.loggedIn(begun.person, 'UNLOCK')
        return reply.setCookie(sessionCookie, begun.secret, cookieOptions).send(await describe(begun.person))
      },
    )
    app.post(
      '/session/confirmations',
      {
        config: { roles, ...limited },
        schema: { body: Type.Object({ ...Again.properties, for: ForAct }, closed) },
      },
      async ({ sessionSecret, person, body }) => {
        // A bearer token is a confirmation each time.
        if (sessionSecret === undefined) return { confirmedAt: new Date(deps.clock.now()).toISOString() }
        const outcome = await sessions.confirm(sessionSecret, (same) => isSame(same, body), body.for)
        await onRecord.confirmed(person, outcome === 'confirmed')
        if (outcome === 'wrong') throw new TwiinError('CONFIRMATION_WRONG')
        return { confirmedAt: new Date(deps.clock.now()).toISOString() }
      },
    )
    app.get('/events', { config: { roles, passive: true } }, ({ sessionSecret }, reply) =>
      deps.events.attach(reply, () => sessionSecret === undefined || sessions.isLive(sessionSecret)),
    )
  }
}
