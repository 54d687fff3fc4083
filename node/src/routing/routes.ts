import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TwiinError } from '@twiin/runtime'
import { isTimeZone } from './judge-rules.ts'
import type { RouteByRules } from './route-by-rules.ts'
import { Rule } from './routing-settings.ts'

const moment = '^\\d{4}-\\d\\d-\\d\\dT[0-9:.]{5,15}(Z|[+-]\\d\\d:\\d\\d)$'

/** Trying rules out (spec 17 §4). */
export function routingRoutes(deps: {
  rules: Pick<RouteByRules, 'test' | 'running'>
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/routing/rules', { config: { roles: ['operator'] } }, () => deps.rules.running)
    app.post(
      '/routing/tests',
      {
        config: { roles: ['operator'] },
        schema: {
          body: Type.Object(
            {
              studyInstanceUid: Type.String({ pattern: '^[0-9.]{1,64}$' }),
              rules: Type.Optional(Type.Array(Rule, { maxItems: 200 })),
              timeZone: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_+/-]{1,64}$' })),
              at: Type.Optional(Type.String({ pattern: moment })),
            },
            { additionalProperties: false },
          ),
        },
      },
      async ({ body: { studyInstanceUid, at, ...rest } }) => {
        if (rest.timeZone !== undefined && !isTimeZone(rest.timeZone))
          throw new TwiinError('VALIDATION', { field: 'timeZone' })
        const then = at === undefined ? undefined : Date.parse(at)
        if (Number.isNaN(then)) throw new TwiinError('VALIDATION', { field: 'at' })
        return deps.rules.test(studyInstanceUid, { ...rest, ...(then === undefined ? {} : { at: then }) })
      },
    )
  }
}
