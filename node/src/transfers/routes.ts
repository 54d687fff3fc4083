import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { Type } from 'typebox'
import { describeQueues } from './describe-queues.ts'
import { describeTransfer } from './describe-transfer.ts'
import { expectedEnds } from './expected-ends.ts'
import type { LinkSpeeds } from './link-speeds.ts'
import type { Links } from './links.ts'
import { isBefore } from './transfer-book.ts'
import type { TransferBook } from './transfer-book.ts'
import type { TransferDesk } from './transfer-desk.ts'
import type { TransferRecord } from './transfer-record.ts'

const closed = { additionalProperties: false }
const readers = { roles: ['radiologist' as const, 'operator' as const] }
const operator = { roles: ['operator' as const] }
const one = { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) }
const Kind = Type.Enum(['retrieval', 'send', 'arrival', 'disc'])
const Ura = Type.String({ pattern: '^\\d{8}$' })

interface Deps {
  book: TransferBook
  desk: TransferDesk
  links: Links
  speeds: LinkSpeeds
  clock: Clock
}

/** Everything that is, was or will be on its way (spec 10 §2, spec 17). */
export function transferRoutes(deps: Deps): FastifyPluginAsyncTypebox {
  const { book, desk, links } = deps
  const describe = (records: readonly TransferRecord[]) => {
    const ends = expectedEnds(book.withProgress(book.active()), deps)
    return records.map((record) => describeTransfer(record, { links, ends }))
  }
  return async (app) => {
    const range = {
      after: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
      limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
    }
    app.get(
      '/transfers',
      {
        config: readers,
        schema: {
          description: 'Newest first by createdAt; `next` of a page is `after` of the one behind it.',
          querystring: Type.Object(range, closed),
        },
      },
      async ({ query }) => {
        const records = await book.list(query)
        const next = records.length === query.limit ? { next: records.at(-1)?.id } : {}
        return { transfers: describe(records), ...next }
      },
    )
    const Choice = { kind: Type.Optional(Kind), ura: Type.Optional(Ura) }
    app.get(
      '/transfers/dead-letters',
      {
        config: readers,
        schema: {
          querystring: Type.Object(
            { ...range, ...Choice, reason: Type.Optional(Type.String({ maxLength: 64 })) },
            closed,
          ),
        },
      },
      async ({ query }) => {
        const { after, limit, reason, kind, ura } = query
        const last = after === undefined ? undefined : await book.get(after)
        const chosen = book
          .deadLetters()
          .filter(
            (record) =>
              (last === undefined || isBefore(last, record)) &&
              record.reason === (reason ?? record.reason) &&
              record.kind === (kind ?? record.kind) &&
              record.counterparty.ura === (ura ?? record.counterparty.ura),
          )
        const page = chosen.slice(0, limit)
        return { transfers: describe(page), ...(chosen.length > limit ? { next: page.at(-1)?.id } : {}) }
      },
    )
    app.get('/transfers/:id', { config: readers, schema: one }, async ({ params }) => {
      const record = await book.get(params.id)
      if (record === undefined) throw new TwiinError('NOT_FOUND')
      return describe([record])[0]
    })
    app.post('/transfers/:id/retry', { config: readers, schema: one }, async ({ params, person }, reply) => {
      await desk.retry(params.id, person)
      return reply.code(202).send({ id: params.id })
    })
    app.post('/transfers/:id/cancel', { config: readers, schema: one }, async ({ params, person }, reply) => {
      await desk.cancel(params.id, person)
      return reply.code(202).send({ id: params.id })
    })
    app.post(
      '/transfers/retries',
      {
        config: operator,
        schema: {
          body: Type.Object(
            { reason: Type.String({ pattern: '^[A-Z][A-Z0-9_]{2,40}$' }), ...Choice },
            closed,
          ),
        },
      },
      async ({ body }, reply) => reply.code(202).send({ retried: await desk.retryAll(body) }),
    )
    app.get('/queues', { config: readers }, async () => describeQueues(book, links))
  }
}
