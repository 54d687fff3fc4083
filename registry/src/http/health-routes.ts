import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Metrics } from './metrics.ts'

/** `/healthz` fails when acts can no longer be recorded: a restart reads what the disk really holds. */
export function healthRoutes(deps: {
  /** Why acts cannot be recorded, when they cannot. */
  refusal: () => string | undefined
  bundleVersion: () => number
  metrics: Metrics
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/healthz', () => {
      const refusal = deps.refusal()
      if (refusal !== undefined) throw new TwiinError(refusal)
      return { status: 'ok', bundleVersion: deps.bundleVersion() }
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(deps.metrics.contentType).send(await deps.metrics.text()),
    )
  }
}
