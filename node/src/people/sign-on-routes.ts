import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { codeOf, isTwiinError, TwiinError } from '@twiin/runtime'
import { requireOwnPage } from '@twiin/web'
import type { Sessions } from '@twiin/web'
import { Type } from 'typebox'
import { sessionCookie } from '../http/authenticate.ts'
import { ForAct, cookieOptions as sessionCookieOptions, takeOver } from '../http/session-routes.ts'
import type { DescribeSession } from './describe-session.ts'
import type { LogIns, Proof } from './log-ins.ts'
import { PasskeyAnswer } from './passkey-answer.ts'
import type { Passkeys } from './passkeys.ts'
import type { Person } from './people-file.ts'
import type { PeopleOnRecord } from './record-people.ts'
import type { Arrival, SignOn } from './single-sign-on.ts'

const closed = { additionalProperties: false }
const limited = { rateLimit: { max: 60, timeWindow: 60_000 } }
const cookie = '__Host-twiin_sign_on'
/** Lax: the browser comes back from another site. */
const cookieOptions = {
  ...{ path: '/', httpOnly: true, secure: true, sameSite: 'lax' as const },
  maxAge: 600,
}

interface Deps {
  sessions: Sessions<Person, Proof>
  logIns: Pick<LogIns, 'isBarred' | 'stillThere'>
  passkeys: Passkeys
  signOn: SignOn | undefined
  onRecord: PeopleOnRecord
  describe: DescribeSession
}

/** Sessions that begin without a password: by passkey, or at the hospital's own provider (spec 23 §4, §5). */
export function signOnRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { sessions, logIns, passkeys, signOn, onRecord } = deps
  return async (app) => {
    app.post('/session/passkey-challenges', { config: { open: true, ...limited } }, () => {
      if (passkeys.origin === undefined) throw new TwiinError('NOT_CONFIGURED')
      return passkeys.challenge()
    })
    app.post(
      '/session/passkey',
      {
        config: { open: true, ...limited },
        schema: { body: Type.Object({ response: PasskeyAnswer }, closed) },
      },
      async (request, reply) => {
        requireOwnPage(request)
        const person = await passkeys.personOf(request.body.response)
        if (person === undefined) {
          await onRecord.notLoggedIn({ id: '', role: '' }, 'PASSKEY', 'NOT_AUTHENTICATED')
          throw new TwiinError('NOT_AUTHENTICATED')
        }
        await onRecord.loggedIn(person, 'PASSKEY')
        // Kept out at this moment: whoever did so has ended the sessions there were.
        if (!logIns.stillThere(person)) throw new TwiinError('NOT_AUTHENTICATED')
        const { secret } = sessions.beginFor(person, request.ip)
        return takeOver(request, reply, sessions, secret).send(await deps.describe(person))
      },
    )
    app.post(
      '/session/sign-on',
      {
        config: { open: true, ...limited },
        schema: { body: Type.Object({ confirm: Type.Optional(Type.Boolean()), for: ForAct }, closed) },
      },
      async (request, reply) => {
        requireOwnPage(request)
        if (signOn === undefined) throw new TwiinError('NOT_CONFIGURED')
        // Now: on the way back, from another site, the browser sends no strict cookie.
        const before = request.cookies[sessionCookie]
        const { confirm, for: act } = request.body
        const { url, journey } = await signOn.depart({ before, confirms: confirm === true, act })
        return reply.setCookie(cookie, journey, cookieOptions).send({ url })
      },
    )
    app.get('/session/sign-on/callback', { config: { open: true, ...limited } }, async (request, reply) => {
      if (signOn === undefined) throw new TwiinError('NOT_CONFIGURED')
      const query = request.url.slice(request.url.indexOf('?') + 1)
      void reply.clearCookie(cookie, cookieOptions)
      let who: { id: string; role: string } = { id: '', role: '' }
      try {
        const arrival = await signOn.arrive(request.cookies[cookie], query)
        who = arrival.person
        const secret = await letIn(arrival, request.ip)
        if (secret !== undefined) void reply.setCookie(sessionCookie, secret, sessionCookieOptions)
        // Nothing that came in says where to go.
        return await reply.redirect('/')
      } catch (error) {
        if (!isTwiinError(error)) throw error
        const reason = typeof error.facts['reason'] === 'string' ? error.facts['reason'] : codeOf(error)
        await onRecord.notLoggedIn(who, 'SIGN_ON', reason)
        return reply.redirect('/?sign-on=refused')
      }
    })
  }

  /** The secret of the session from now on; undefined when it stays the same. */
  async function letIn(
    { person, before, confirms, act }: Arrival,
    address: string,
  ): Promise<string | undefined> {
    const mustBeLetIn = () => {
      if (logIns.isBarred(person)) throw new TwiinError('SIGN_ON_REFUSED', { reason: 'BARRED' })
    }
    mustBeLetIn()
    const isSame = async (same: Person) => same.id === person.id
    if (before === undefined || !confirms || !(sessions.isLive(before) || sessions.isLocked(before))) {
      await onRecord.loggedIn(person, 'SIGN_ON')
      // Kept out at this moment: whoever did so has ended the sessions there were.
      mustBeLetIn()
      if (before !== undefined) sessions.end(before)
      return sessions.beginFor(person, address).secret
    }
    if (sessions.isLocked(before)) {
      const begun = await sessions.unlock(before, isSame)
      if (typeof begun === 'string') throw new TwiinError('SIGN_ON_REFUSED', { reason: 'ANOTHER_PERSON' })
      await onRecord.loggedIn(person, 'UNLOCK')
      return begun.secret
    }
    const outcome = await sessions.confirm(before, isSame, act)
    await onRecord.confirmed(person, outcome === 'confirmed')
    if (outcome === 'wrong') throw new TwiinError('SIGN_ON_REFUSED', { reason: 'ANOTHER_PERSON' })
    return undefined
  }
}
