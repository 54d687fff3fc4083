import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { RouteByRules } from './route-by-rules.ts'

/** Trying rules out (spec 17 §4). */
export function routingRoutes(deps: { rules: Pick<RouteByRules, 'test'> }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/routing/tests',
      {
        config: { roles: ['operator'] },
        schema: {
          body: Type.Object(
            { studyInstanceUid: Type.String({ pattern: '^[0-9.]{1,64}$' }) },
            { additionalProperties: false },
          ),
        },
      },
      async ({ body }) => deps.rules.test(body.studyInstanceUid),
    )
  }
}
