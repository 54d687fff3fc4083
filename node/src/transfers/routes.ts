import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { describeTransfer, isRetryable } from './describe-transfer.ts'
import type { TransferBook } from './transfer-book.ts'

const closed = { additionalProperties: false }

/** Everything that is, was or will be on its way (spec 10 §2). */
export function transferRoutes(deps: { book: TransferBook; clock: Clock }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/transfers',
      {
        config: { roles: ['radiologist', 'operator'] },
        schema: {
          querystring: Type.Object(
            {
              after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
              limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
            },
            closed,
          ),
        },
      },
      async (request) => {
        const records = await deps.book.list(request.query)
        const next = records.length === request.query.limit ? { next: records.at(-1)?.id } : {}
        return { transfers: records.map(describeTransfer), ...next }
      },
    )
    app.post(
      '/transfers/:id/retry',
      {
        config: { roles: ['radiologist', 'operator'] },
        schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) },
      },
      async (request, reply) => {
        const record = await deps.book.get(request.params.id)
        if (record === undefined) throw new TwiinError('NOT_FOUND')
        const { person } = request
        if (person.role !== 'operator' && record.user?.id !== person.id)
          throw new TwiinError('ROLE_NOT_PERMITTED')
        await deps.book.change(record.id, (now) => {
          if (!isRetryable(now)) throw new TwiinError('STATE_CONFLICT')
          return { state: 'queued', nextTryAt: deps.clock.now(), attempts: 0 }
        })
        return reply.code(202).send({ id: record.id })
      },
    )
  }
}
