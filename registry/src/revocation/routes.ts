import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Revocations } from './revocations.ts'

const Body = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 64 }) },
  { additionalProperties: false },
)
const State = (state: 'recorded' | 'revoked') =>
  Type.Object({ serial: Type.String(), state: Type.Literal(state) })

/** spec 06 §4 */
export function revocationRoutes(
  revocations: Revocations,
  deps: { onRevoked: () => Promise<void> },
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/certificates/:serial/revocation',
      {
        config: { staffOnly: true },
        schema: {
          params: Type.Object({ serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }) }),
          body: Body,
          response: { 200: State('revoked'), 202: State('recorded') },
        },
      },
      async (request, reply) => {
        const { serial } = request.params
        const state = await revocations.revoke(serial, request.by, request.body.reason)
        if (state === 'recorded') return reply.code(202).send({ serial, state })
        await deps.onRevoked()
        return reply.code(200).send({ serial, state })
      },
    )
  }
}

/** The list is public: whoever verifies a certificate needs it. */
export function revocationListRoute(revocations: Revocations): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/crl', async (_request, reply) =>
      reply.type('application/x-pem-file').send(await revocations.list()),
    )
  }
}
