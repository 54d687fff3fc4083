import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { requireRecentConfirmation } from '../http/authenticate.ts'
import { roles } from './people-file.ts'
import type { People } from './people-file.ts'
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
  factors: SecondFactors
  onRecord: PeopleOnRecord
  clock: Clock
}

/** The people of the hospital, for an operator; every change is on record first (spec 23 §7). */
export function userRoutes({ people, factors, onRecord, clock }: Deps): FastifyPluginAsyncTypebox {
  const known = (id: string) => {
    if (people.find(id) === undefined) throw new TwiinError('NOT_FOUND')
    return id
  }
  return async (app) => {
    app.get('/users', { config }, async () => ({
      users: await Promise.all(
        people.list().map(async ({ id, name, role, disabled }) => {
          const secondFactor = (await factors.has(id)) ? 'set' : 'none'
          return { id, name, role, disabled, secondFactor }
        }),
      ),
    }))
    app.post('/users', { config, schema: { body: NewUser } }, async (request, reply) => {
      requireRecentConfirmation(request)
      const { id, name, role } = request.body
      if (people.find(id) !== undefined) throw new TwiinError('USER_EXISTS')
      await onRecord.changed(request.person, id, 'USER_ADDED')
      await people.addUser(request.body)
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
        const id = known(request.params.id)
        requireRecentConfirmation(request)
        const { disabled } = request.body
        if (id === request.person.id) throw new TwiinError('OWN_ACCOUNT')
        await onRecord.changed(request.person, id, disabled ? 'USER_DISABLED' : 'USER_ENABLED')
        await people.setDisabled(id, disabled)
        return reply.code(204).send()
      },
    )
  }
}
