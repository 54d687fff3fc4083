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

/** For everybody: whoever can read the log can hold the registry to it. spec 06 §7 */
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
