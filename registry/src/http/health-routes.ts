import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Metrics } from './metrics.ts'

/** `/healthz` fails when acts can no longer be recorded: a restart reads what the disk really holds. */
export function healthRoutes(deps: {
  writable: () => boolean
  bundleVersion: () => number
  metrics: Metrics
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/healthz', () => {
      if (!deps.writable()) throw new TwiinError('LEDGER_UNWRITABLE')
      return { status: 'ok', bundleVersion: deps.bundleVersion() }
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(deps.metrics.contentType).send(await deps.metrics.text()),
    )
  }
}
