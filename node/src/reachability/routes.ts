import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Reachability } from './reachability.ts'

/** Who wants to be told when a hospital is there again (spec 10 §4). */
export function reachabilityRoutes(deps: { reachability: Reachability }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/reachability-watches',
      {
        config: { roles: ['radiologist', 'operator'] },
        schema: {
          description: 'The event `peer` with this URA and state `reachable` follows when it answers again.',
          body: Type.Object({ ura: Type.String({ pattern: '^\\d{8}$' }) }, { additionalProperties: false }),
        },
      },
      (request, reply) => {
        deps.reachability.watch(request.body.ura)
        return reply.code(202).send({ ura: request.body.ura })
      },
    )
  }
}
