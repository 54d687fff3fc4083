import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Reason, TokensPerDay } from '../ledger/acts.ts'
import type { Confirmed } from '../requests/confirmation.ts'
import type { Quotas } from './quotas.ts'

const Ura = Type.String({ pattern: '^\\d{8}$' })
const Body = Type.Object({ tokensPerDay: TokensPerDay, reason: Reason }, { additionalProperties: false })

/** spec 06 §4 */
export function quotaRoutes(deps: {
  quotas: Quotas
  onChanged: () => Promise<void>
  confirmed: Confirmed
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/organisations/:ura/quota',
      {
        config: { staffOnly: true },
        preHandler: deps.confirmed,
        schema: {
          params: Type.Object({ ura: Ura }),
          body: Body,
          response: {
            200: Type.Object({ ura: Ura, state: Type.Literal('set'), tokensPerDay: Type.Integer() }),
            202: Type.Object({ ura: Ura, state: Type.Literal('recorded'), request: Type.String() }),
          },
        },
      },
      async (request, reply) => {
        const { ura } = request.params
        const outcome = await deps.quotas.set(ura, { by: request.by, ...request.body })
        if (outcome !== 'set')
          return reply.code(202).send({ ura, state: 'recorded' as const, request: outcome.request })
        await deps.onChanged()
        return reply.code(200).send({ ura, state: 'set' as const, tokensPerDay: deps.quotas.of(ura) })
      },
    )
  }
}
