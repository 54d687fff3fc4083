import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { FastifyRequest, Sessions } from '@twiin/web'
import { Type } from 'typebox'
import { requireFresh } from '../http/authenticate.ts'
import { isSignedOn } from './log-ins.ts'
import type { LogIns, Proof } from './log-ins.ts'
import { NewPasskey } from './passkey-answer.ts'
import type { Passkeys } from './passkeys.ts'
import { roles } from './people-file.ts'
import type { People, Person } from './people-file.ts'
import type { PeopleOnRecord } from './record-people.ts'
import type { SecondFactors } from './second-factors.ts'

export interface AccountDeps {
  people: People
  logIns: LogIns
  factors: SecondFactors
  passkeys: Passkeys
  sessions: Sessions<Person, Proof>
  onRecord: PeopleOnRecord
}

const closed = { additionalProperties: false }
const config = { roles, beforeEnrolment: true as const }
const limited = { ...config, rateLimit: { max: 30, timeWindow: 60_000 } }
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })
const Name = Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}]{1,64}$' })
const iso = (at: number) => new Date(at).toISOString()

/** What somebody does with their own account (spec 23 §2). */
export function accountRoutes(deps: AccountDeps): FastifyPluginAsyncTypebox {
  const { people, logIns, factors, sessions, onRecord } = deps
  return async (app) => {
    app.get('/account', { config }, async (request) => {
      const { person, secret } = own(request)
      const now = await factors.of(person.id)
      return {
        user: person,
        signedOn: isSignedOn(person),
        secondFactor: {
          totp: now?.totpSecret !== undefined,
          recoveryCodesLeft: now?.recovery.length ?? 0,
          required: logIns.isRequired,
        },
        passkeys: (now?.passkeys ?? []).map(({ id, name, addedAt, usedAt }) => ({
          ...{ id, name, addedAt: iso(addedAt) },
          ...(usedAt === undefined ? {} : { usedAt: iso(usedAt) }),
        })),
        sessions: sessions
          .listOf(person.id, secret)
          .map(({ begun, seen, ...rest }) => ({ ...rest, begun: iso(begun), seen: iso(seen) })),
      }
    })
    app.post('/account/totp', { config: limited }, (request) => factors.beginTotp(ownFresh(request).id))
    app.post(
      '/account/totp/confirmation',
      {
        config: limited,
        schema: { body: Type.Object({ code: Type.String({ pattern: '^\\d{6}$' }) }, closed) },
      },
      async (request) => {
        const { person } = own(request)
        const codes = await factors.confirmTotp(person.id, request.body.code)
        await onRecord.changed(person, person.id, 'SECOND_FACTOR_SET')
        return codes
      },
    )
    app.post('/account/recovery-codes', { config: limited }, async (request) => {
      const person = ownFresh(request)
      const recoveryCodes = await factors.newRecoveryCodes(person.id)
      await onRecord.changed(person, person.id, 'RECOVERY_CODES_MADE')
      return { recoveryCodes }
    })
    app.put(
      '/account/password',
      {
        config: { roles, rateLimit: limited.rateLimit },
        schema: { body: Type.Object({ password: Type.String({ minLength: 8, maxLength: 256 }) }, closed) },
      },
      async (request, reply) => {
        const person = ownFresh(request)
        await onRecord.changed(person, person.id, 'PASSWORD_SET')
        await people.setPassword(person.id, request.body.password)
        return reply.code(204).send()
      },
    )
    app.delete('/account/sessions/:id', { config, schema: { params: Id } }, async (request, reply) => {
      const { person } = own(request)
      if (!sessions.endOf(person.id, request.params.id)) throw new TwiinError('NOT_FOUND')
      await onRecord.changed(person, person.id, 'SESSION_ENDED')
      return reply.code(204).send()
    })
  }
}

/** The passkeys of somebody's own account (spec 23 §4). */
export function passkeyRoutes(
  deps: Pick<AccountDeps, 'factors' | 'passkeys' | 'onRecord'>,
): FastifyPluginAsyncTypebox {
  const { factors, passkeys, onRecord } = deps
  return async (app) => {
    app.post('/account/passkeys/challenges', { config: limited }, (request) => {
      const person = ownFresh(request)
      if (passkeys.origin === undefined) throw new TwiinError('NOT_CONFIGURED')
      return passkeys.newKeyChallenge(person)
    })
    app.post(
      '/account/passkeys',
      { config: limited, schema: { body: Type.Object({ name: Name, response: NewPasskey }, closed) } },
      async (request, reply) => {
        const person = ownFresh(request)
        const added = await passkeys.add(person, request.body.name, request.body.response)
        await onRecord.changed(person, person.id, 'PASSKEY_ADDED')
        return reply.code(201).send(added)
      },
    )
    app.put(
      '/account/passkeys/:id',
      { config, schema: { params: Id, body: Type.Object({ name: Name }, closed) } },
      async (request, reply) => {
        const { name } = request.body
        await factors.changePasskey(own(request).person.id, request.params.id, (key) => ({ ...key, name }))
        return reply.code(204).send()
      },
    )
    app.delete('/account/passkeys/:id', { config, schema: { params: Id } }, async (request, reply) => {
      const person = ownFresh(request)
      await factors.changePasskey(person.id, request.params.id, () => undefined)
      await onRecord.changed(person, person.id, 'PASSKEY_REMOVED')
      return reply.code(204).send()
    })
  }
}

/** A person with a session: a token of a script has no account. */
function own({ person, sessionSecret: secret }: FastifyRequest): { person: Person; secret: string } {
  if (secret === undefined) throw new TwiinError('NOT_FOUND')
  return { person, secret }
}

/** The same, who proved just now who they are, and whose account is here. */
function ownFresh(request: FastifyRequest): Person {
  const { person } = own(request)
  if (isSignedOn(person)) throw new TwiinError('NOT_FOUND')
  requireFresh(request)
  return person
}
