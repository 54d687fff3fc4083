import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Books } from '../ledger/books.ts'
import { Wait, heldFor } from './held-request.ts'
import type { LedgerGuard } from './ledger-guard.ts'
import type { TransparencyLog } from './transparency-log.ts'

const closed = { additionalProperties: false }
const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** For witnesses: spec 11 §4. */
export function witnessRoutes(
  options: { requestsPerMinute: number },
  deps: { transparency: TransparencyLog; guard: LedgerGuard; books: Books },
): FastifyPluginAsyncTypebox {
  const { transparency, guard, books } = deps
  const config = {
    open: true,
    rateLimit: { max: options.requestsPerMinute, timeWindow: 60_000 },
  } as const
  return async (app) => {
    app.get(
      '/log/checkpoint',
      {
        config,
        schema: {
          querystring: Type.Object(
            { after: Type.Optional(Size), from: Type.Optional(Size), wait: Wait },
            closed,
          ),
        },
      },
      async (request, reply) => {
        const { after = -1, from = 0, wait } = request.query
        // Who has signed more than this ledger has lines gets an answer at once, sees it, and may tell us (POST witnessed).
        const hasNews = () => transparency.open.size > after || after > books.tree.size
        if (!(await transparency.waiting.until(hasNews, heldFor(request, reply, wait))))
          return reply.code(204).send()
        const { size, note } = transparency.open
        if (request.headers.accept?.startsWith('text/plain')) return reply.type('text/plain').send(note)
        const path = from > size ? [] : books.tree.consistencyProof(from, size)
        return reply.send({
          size,
          checkpoint: note,
          consistency: path.map((hash) => Buffer.from(hash).toString('base64')),
        })
      },
    )
    app.post(
      '/log/cosignatures',
      {
        config,
        bodyLimit: 2048,
        schema: {
          body: Type.Object({ size: Size, line: Type.String({ minLength: 1, maxLength: 400 }) }, closed),
        },
      },
      async (request, reply) => {
        await transparency.takeCosignature(request.body.size, request.body.line)
        return reply.code(204).send()
      },
    )
    app.post(
      '/log/witnessed',
      {
        config: { ...config, rateLimit: { max: 30, timeWindow: 60_000 } },
        bodyLimit: 10 * 1024,
        schema: {
          body: Type.Object({ checkpoint: Type.String({ minLength: 1, maxLength: 8192 }) }, closed),
        },
      },
      async (request, reply) => {
        await guard.takeWord(request.body.checkpoint)
        return reply.code(204).send()
      },
    )
  }
}
