import type { AuditLog } from '@twiin/audit'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import type { Account } from './account.ts'
import { ChainCheck } from './chain-check.ts'

/** A day, or an instant with its zone. */
const When = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?(Z|[+-]\\d{2}:\\d{2}))?$',
})

/** The audit log, for an auditor. Reading it is itself on record. */
export function auditRoutes(deps: { log: AuditLog; account: Account }): FastifyPluginAsyncTypebox {
  const chain = new ChainCheck(deps)
  return async (app) => {
    // The first, full look is under way before anybody asks.
    app.addHook('onReady', () => void chain.check().catch(() => {}))
    app.get(
      '/audit-events',
      {
        config: { roles: ['auditor'] },
        schema: {
          querystring: Type.Object(
            {
              from: Type.Optional(When),
              to: Type.Optional(When),
              after: Type.Optional(Type.Integer({ minimum: 0 })),
              limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
            },
            { additionalProperties: false },
          ),
        },
      },
      async (request) => {
        const { from, to, after, limit } = request.query
        const range = {
          ...boundary('from', from),
          ...boundary('to', to, 86_400_000 - 1),
          ...(after === undefined ? {} : { after }),
          limit,
        }
        await deps.account.record({ event: 'log-read', outcome: 'success', user: request.person })
        const events = []
        for await (const { seq, hash, entry } of deps.log.entries(range)) {
          events.push({ seq, hash, ...entry, at: new Date(entry.at).toISOString() })
        }
        const next = events.length === limit ? { next: events.at(-1)?.seq } : {}
        return { events, ...next, chain: await chain.check() }
      },
    )
  }
}

/** An instant, or a day: then from its beginning, or to its end. */
function boundary(name: 'from' | 'to', text: string | undefined, ofDay = 0): { from?: number; to?: number } {
  if (text === undefined) return {}
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const at = Date.parse(day ? `${text}T00:00:00Z` : text)
  if (Number.isNaN(at)) throw new TwiinError('VALIDATION', { at: name })
  return { [name]: day ? at + ofDay : at }
}
