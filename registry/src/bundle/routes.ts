import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Bundle } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { Type } from 'typebox'
import { Wait, heldFor } from '../log/held-request.ts'
import type { Announcements } from './announcements.ts'
import type { NetworkBundle } from './network-bundle.ts'

const cbor = 'application/cbor'
const maxAnnouncement = 16 * 1024

/** spec 06 §2 and §3 */
export function bundleRoutes(bundle: NetworkBundle, announcements: Announcements): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.addContentTypeParser(
      cbor,
      { parseAs: 'buffer', bodyLimit: maxAnnouncement },
      async (_request: unknown, body: Buffer) => body,
    )
    app.get(
      '/bundle',
      {
        config: { open: true },
        schema: { querystring: Type.Object({ wait: Wait }, { additionalProperties: false }) },
      },
      async (request, reply) => {
        const known = request.headers['if-none-match']
        const isOther = () => bundle.current.etag !== known
        const hasNews = await bundle.waiting.until(isOther, heldFor(request, reply, request.query.wait))
        const { current } = bundle
        reply.header('etag', current.etag).header('cache-control', 'no-cache').header('vary', 'accept')
        if (!hasNews) return reply.code(304).send()
        if (request.headers.accept?.includes(cbor)) return reply.type(cbor).send(current.bytes)
        return reply.send(readable(current.bundle))
      },
    )
    app.post('/announcements', { config: { open: true } }, async (request, reply) => {
      if (!(request.body instanceof Uint8Array)) throw new TwiinError('VALIDATION')
      if (await announcements.take(request.body)) await bundle.publishSoon()
      return reply.code(204).send()
    })
  }
}

/** For people: instants as text, keys in hexadecimal. Unsigned; nodes take the signed document. */
function readable(bundle: Bundle) {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const iso = (at: number) => new Date(at).toISOString()
  const { tokens, log, witnessing } = bundle
  return {
    ...bundle,
    issuedAt: iso(bundle.issuedAt),
    log: { ...log, publicKey: hex(log.publicKey) },
    witnessing: { ...witnessing, endsAt: iso(witnessing.endsAt) },
    revoked: bundle.revoked.map((entry) => ({ ...entry, at: iso(entry.at) })),
    tokens: {
      ...tokens,
      publicKey: hex(tokens.publicKey),
      keepers: tokens.keepers.map((keeper) => ({ ...keeper, publicKey: hex(keeper.publicKey) })),
    },
  }
}
