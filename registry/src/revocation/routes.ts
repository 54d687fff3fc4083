import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { Reason } from '../ledger/acts.ts'
import type { Register } from '../ledger/register.ts'
import type { Confirmed } from '../requests/confirmation.ts'
import { Effect, effectOf } from './effect.ts'
import { revocationReasons } from './reasons.ts'
import type { RevocationList } from './revocation-list.ts'
import type { Outcome, Revocations } from './revocations.ts'

const staff = { staffOnly: true } as const
const closed = { additionalProperties: false }
const Serial = Type.String({ pattern: '^[0-9a-f]{2,40}$' })
const params = Type.Object({ serial: Serial })
const Emergency = Type.Optional(
  Type.Boolean({ description: 'At once, by one person; another one reviews it.' }),
)
const Recorded = Type.Object({ serial: Serial, state: Type.Literal('recorded'), request: Type.String() })
const Done = (state: 'revoked' | 'suspended' | 'valid') =>
  Type.Object({ serial: Serial, state: Type.Literal(state) })

/** spec 06 §4 */
export function revocationRoutes(
  revocations: Revocations,
  deps: { register: Register; onChanged: () => Promise<void>; confirmed: Confirmed; clock: Clock },
): FastifyPluginAsyncTypebox {
  const settle = async <State extends string>(serial: string, outcome: Outcome, state: State) => {
    if (outcome.state === 'recorded') return { code: 202, body: { serial, ...outcome } } as const
    await deps.onChanged()
    return { code: 200, body: { serial, state } } as const
  }
  const { register, confirmed, clock } = deps
  return async (app) => {
    app.get(
      '/certificates/:serial/effect',
      { config: staff, schema: { params, response: { 200: Effect } } },
      (request) => effectOf(register, request.params.serial, clock.now()),
    )
    app.post(
      '/certificates/:serial/revocation',
      {
        config: staff,
        preHandler: confirmed,
        schema: {
          params,
          // A word that is no reason of RFC 5280 is taken, and stands in the public log as `unspecified`.
          body: Type.Object(
            { reason: Type.String({ minLength: 1, maxLength: 64 }), emergency: Emergency },
            closed,
          ),
          response: { 200: Done('revoked'), 202: Recorded },
        },
      },
      async (request, reply) => {
        const { serial } = request.params
        const { reason: said, ...rest } = request.body
        const reason = revocationReasons.find((known) => known === said) ?? 'unspecified'
        const outcome = await revocations.revoke(serial, { by: request.by, reason, ...rest })
        const { code, body } = await settle(serial, outcome, 'revoked' as const)
        return reply.code(code).send(body)
      },
    )
    app.post(
      '/certificates/:serial/suspension',
      {
        config: staff,
        preHandler: confirmed,
        schema: {
          params,
          body: Type.Object({ reason: Reason, emergency: Emergency }, closed),
          response: { 200: Done('suspended'), 202: Recorded },
        },
      },
      async (request, reply) => {
        const { serial } = request.params
        const outcome = await revocations.suspend(serial, { by: request.by, ...request.body })
        const { code, body } = await settle(serial, outcome, 'suspended' as const)
        return reply.code(code).send(body)
      },
    )
    app.post(
      '/certificates/:serial/resumption',
      {
        config: staff,
        preHandler: confirmed,
        schema: {
          params,
          body: Type.Object({ reason: Reason }, closed),
          response: { 200: Done('valid'), 202: Recorded },
        },
      },
      async (request, reply) => {
        const { serial } = request.params
        const outcome = await revocations.resume(serial, { by: request.by, ...request.body })
        const { code, body } = await settle(serial, outcome, 'valid' as const)
        return reply.code(code).send(body)
      },
    )
    app.post(
      '/certificates/:serial/review',
      {
        config: staff,
        preHandler: confirmed,
        schema: {
          params,
          body: Type.Object({ upheld: Type.Boolean() }, closed),
          response: {
            200: Type.Object({ serial: Serial, state: Type.Enum(['revoked', 'suspended', 'valid']) }),
          },
        },
      },
      async (request) => {
        const { serial } = request.params
        const { upheld } = request.body
        const { ended } = await revocations.review(serial, { by: request.by, upheld })
        await deps.onChanged()
        return { serial, state: ended?.state ?? ('valid' as const) }
      },
    )
  }
}

/** The list is public: whoever verifies a certificate needs it. */
export function revocationListRoute(list: RevocationList): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/crl', async (_request, reply) => reply.type('application/x-pem-file').send(await list.pem()))
  }
}
