import type { AuditLog } from '@twiin/audit'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Account } from './account.ts'

/** The audit log, for an auditor. Reading it is itself on record. */
export function auditRoutes(deps: { log: AuditLog; account: Account }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/audit-events',
      {
        config: { roles: ['auditor'] },
        schema: {
          querystring: Type.Object(
            {
              from: Type.Optional(Type.String({ maxLength: 40 })),
              to: Type.Optional(Type.String({ maxLength: 40 })),
              after: Type.Optional(Type.Integer({ minimum: 0 })),
              limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
            },
            { additionalProperties: false },
          ),
        },
      },
      async (request) => {
        const { from, to, after, limit } = request.query
        await deps.account.record({ event: 'log-read', outcome: 'success', user: request.person })
        const range = {
          ...boundary('from', from),
          ...boundary('to', to, 86_400_000 - 1),
          ...(after === undefined ? {} : { after }),
          limit,
        }
        const events = []
        for await (const { seq, hash, entry } of deps.log.entries(range)) {
          events.push({ seq, hash, ...entry, at: new Date(entry.at).toISOString() })
        }
        const chain = await deps.log.verify()
        const next = events.length === limit ? { next: events.at(-1)?.seq } : {}
        return { events, ...next, chain }
      },
    )
  }
}

/** An instant, or a day: then from its beginning, or to its end. */
function boundary(name: 'from' | 'to', text: string | undefined, ofDay = 0): { from?: number; to?: number } {
  if (text === undefined) return {}
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const at = Date.parse(day ? `${text}T00:00:00Z` : text)
  return Number.isNaN(at) ? {} : { [name]: day ? at + ofDay : at }
}
