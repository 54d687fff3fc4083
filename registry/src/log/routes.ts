import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { evidence } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { leafHash } from '@twiin/transparency'
import { Type } from 'typebox'
import type { Books } from '../ledger/books.ts'
import { Wait, heldFor } from './held-request.ts'
import type { LedgerGuard } from './ledger-guard.ts'
import { logState } from './log-state.ts'
import type { TransparencyLog } from './transparency-log.ts'

const closed = { additionalProperties: false }
const Size = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const mostEntries = 500
/** An answer of entries stops growing here; whoever asks goes on from the last. */
const mostEntryBytes = 1024 * 1024

/** spec 06 §7. Public: whoever can read the log can hold the registry to it. */
export function logRoutes(
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
        return reply.send({ size, checkpoint: note, consistency: path.map(base64) })
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
    app.get(
      '/log/entries',
      {
        config,
        schema: {
          querystring: Type.Object(
            { start: Size, count: Type.Integer({ minimum: 1, maximum: mostEntries, default: 100 }) },
            closed,
          ),
        },
      },
      async (request) => {
        const { start, count } = request.query
        const { size } = books.tree
        const lines = start >= size ? [] : await books.lines(start, Math.min(size, start + count))
        return { size, entries: entriesOf(lines, start) }
      },
    )
    app.get(
      '/log/inclusion',
      { config, schema: { querystring: Type.Object({ index: Size, size: Size }, closed) } },
      async (request) => {
        const { index, size } = request.query
        const path = books.tree.inclusionProof(index, size)
        const [line = new Uint8Array()] = await books.lines(index, index + 1)
        return { leaf: Buffer.from(leafHash(line)).toString('hex'), path: path.map(base64) }
      },
    )
    app.get(
      '/log/consistency',
      { config, schema: { querystring: Type.Object({ first: Size, second: Size }, closed) } },
      (request) => {
        const { first, second } = request.query
        return { path: books.tree.consistencyProof(first, second).map(base64) }
      },
    )
    app.get(
      '/log/evidence/:serial',
      {
        config,
        schema: {
          params: Type.Object({ serial: Type.String({ pattern: '^[0-9a-f]{2,40}$' }) }),
          querystring: Type.Object({ wait: Wait }, closed),
        },
      },
      async (request, reply) => {
        const known = books.register.certificates.get(request.params.serial)
        if (known === undefined) throw new TwiinError('NOT_FOUND')
        const isCosigned = () => (transparency.cosigned?.size ?? 0) > known.index
        const isReady = () => transparency.rules.phase === 'founding' || isCosigned()
        await transparency.waiting.until(isReady, heldFor(request, reply, request.query.wait))
        const bytes = evidence.encode(await transparency.evidenceOf(known.index))
        return reply.type('application/cbor').send(Buffer.from(bytes))
      },
    )
    app.get('/log/state', { config }, () => logState({ transparency, guard, books }))
  }
}

function entriesOf(lines: readonly Uint8Array[], start: number): { index: number; line: string }[] {
  const entries: { index: number; line: string }[] = []
  let bytes = 0
  for (const line of lines) {
    bytes += line.length
    if (entries.length > 0 && bytes > mostEntryBytes) break
    entries.push({ index: start + entries.length, line: Buffer.from(line).toString('utf8') })
  }
  return entries
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
