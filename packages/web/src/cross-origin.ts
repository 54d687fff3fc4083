import type { FastifyInstance } from 'fastify'

export interface CrossOrigin {
  /** Routes that pages of other origins may call. */
  prefix: string
  /** Exactly as browsers send them: `https://viewer.example:8443`. */
  origins: readonly string[]
}

const allowed = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, accept, content-type, range, if-none-match, if-range',
  'access-control-max-age': '600',
}
const readable = 'content-length, content-location, content-range, content-type, etag, warning, retry-after'

/**
 * Lets pages of these origins call these routes (Fetch standard, CORS), with a token of their own: cookies are never
 * taken from elsewhere. Without origins nothing changes.
 */
export function allowOrigins(app: FastifyInstance, { prefix, origins }: CrossOrigin): void {
  if (origins.length === 0) return
  app.addHook('onSend', async (request, reply) => {
    if (!request.url.startsWith(prefix)) return
    const others = reply.getHeader('vary')
    reply.header('vary', typeof others === 'string' ? `${others}, Origin` : 'Origin')
  })
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers
    if (!request.url.startsWith(prefix)) return undefined
    if (origin === undefined || !origins.includes(origin)) return undefined
    reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': readable })
    reply.header('cross-origin-resource-policy', 'cross-origin')
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
    // A preflight has no credentials: it is answered before anybody is asked for them.
    return isPreflight ? reply.headers(allowed).code(204).send() : undefined
  })
}
