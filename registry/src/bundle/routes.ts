import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Bundle } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
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
    app.get('/bundle', async (request, reply) => {
      const { current, version } = bundle
      reply.header('etag', `"${version}"`).header('cache-control', 'no-cache').header('vary', 'accept')
      if (request.headers['if-none-match'] === `"${version}"`) return reply.code(304).send()
      if (request.headers.accept?.includes(cbor)) return reply.type(cbor).send(Buffer.from(current.document))
      return reply.send(readable(current.bundle))
    })
    app.post('/announcements', async (request, reply) => {
      if (!(request.body instanceof Uint8Array)) throw new TwiinError('VALIDATION')
      if (await announcements.take(request.body)) await bundle.publish()
      return reply.code(204).send()
    })
  }
}

/** For people: instants as text, keys in hexadecimal. Unsigned; nodes take the signed document. */
function readable(bundle: Bundle) {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const { tokens } = bundle
  return {
    ...bundle,
    issuedAt: new Date(bundle.issuedAt).toISOString(),
    revoked: bundle.revoked.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
    tokens: {
      ...tokens,
      publicKey: hex(tokens.publicKey),
      keepers: tokens.keepers.map((keeper) => ({ ...keeper, publicKey: hex(keeper.publicKey) })),
    },
  }
}
