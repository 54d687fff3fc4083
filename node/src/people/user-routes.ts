import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { requireRecentConfirmation } from '../http/authenticate.ts'
import type { Sessions } from '@twiin/web'
import { isSignedOn } from './log-ins.ts'
import type { Proof } from './log-ins.ts'
import { roles, signedOnPrefix } from './people-file.ts'
import type { People, Person } from './people-file.ts'
import type { PeopleOnRecord } from './record-people.ts'
import type { SecondFactors } from './second-factors.ts'

const closed = { additionalProperties: false }
const config = { roles: ['operator' as const] }
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })
const NewUser = Type.Object(
  {
    id: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$' }),
    name: Type.String({ pattern: '^[^\\p{Cc}\\p{Cf}]{1,128}$' }),
    role: Type.Enum([...roles]),
    password: Type.String({ minLength: 8, maxLength: 256 }),
  },
  closed,
)

interface Deps {
  people: People
  sessions: Pick<Sessions<Person, Proof>, 'people' | 'endAllOf'>
  factors: SecondFactors
  onRecord: PeopleOnRecord
  clock: Clock
}

/** The people of the hospital, for an operator; every change is on record first (spec 23 §7). */
export function userRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { people, sessions, factors, onRecord, clock } = deps
  const known = (id: string) => {
    if (people.find(id) === undefined) throw new TwiinError('NOT_FOUND')
    return id
  }
  /** Who is here by the hospital's own log-in, and who may not come by it. */
  const signedOn = () => {
    const barred = people.barred().map((id) => ({ id, name: id, disabled: true }))
    const here = sessions.people().filter(isSignedOn)
    return [...here.map(({ id, name, role }) => ({ id, name, role, disabled: false })), ...barred]
  }
  return async (app) => {
    app.get('/users', { config }, async () => ({
      users: await Promise.all(
        people.list().map(async ({ id, name, role, disabled }) => {
          const secondFactor = (await factors.has(id)) ? 'set' : 'none'
          return { id, name, role, disabled, secondFactor }
        }),
      ),
      signedOn: signedOn(),
    }))
    app.post('/users', { config, schema: { body: NewUser } }, async (request, reply) => {
      requireRecentConfirmation(request)
      const { id, name, role } = request.body
      await people.addNew(request.body, () => onRecord.changed(request.person, id, 'USER_ADDED'))
      return reply.code(201).send({ id, name, role })
    })
    app.post(
      '/users/:id/second-factor-resets',
      { config, schema: { params: Id } },
      async (request, reply) => {
        const id = known(request.params.id)
        requireRecentConfirmation(request)
        await onRecord.changed(request.person, id, 'SECOND_FACTOR_RESET')
        await people.resetSecondFactor(id, clock.now())
        return reply.code(204).send()
      },
    )
    app.put(
      '/users/:id/state',
      { config, schema: { params: Id, body: Type.Object({ disabled: Type.Boolean() }, closed) } },
      async (request, reply) => {
        // By the hospital's own log-in: also who is not there now, so that they do not come.
        const stated = request.params.id
        const id = stated.startsWith(signedOnPrefix) ? stated : known(stated)
        requireRecentConfirmation(request)
        const { disabled } = request.body
        if (id === request.person.id) throw new TwiinError('OWN_ACCOUNT')
        await onRecord.changed(request.person, id, disabled ? 'USER_DISABLED' : 'USER_ENABLED')
        await people.setDisabled(id, disabled)
        if (disabled) sessions.endAllOf(id)
        return reply.code(204).send()
      },
    )
  }
}
