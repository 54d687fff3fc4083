import fastifyCookie from '@fastify/cookie'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import { codeOf, isTwiinError, TwiinError } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { fastify } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientNetwork, isOwnMachine } from './client-network.ts'
import { limitRequestTime, requestMs } from './request-time.ts'
import { validateBySchema } from './validate.ts'

export interface PageServerOptions {
  host: string
  /** 0: any free port. */
  port: number
  /** Certificate chain and key, PEM. */
  tls: { certificate: string; key: string }
  /** Our own origin, as browsers see it: no other page's form counts. */
  origin: string
  /** POSTs of one client network in a minute. Families and hospitals share an address: many. */
  postsPerMinute?: number
}

export interface PageServerDeps {
  log: Logger
  /** Pages and files, at their own paths. */
  routes: readonly FastifyPluginAsyncTypebox[]
  /** The page for what went wrong, in HTML; it must not tell what stood in the request. */
  errorPage(request: FastifyRequest, status: number): string
}

/** Longest form, in bytes. */
const longestForm = 16 * 1024
/** Phones in a lift: a connection is kept for the next tap. */
const keepAliveMs = 75_000
const generousPostsPerMinute = 600

/**
 * Pages for strangers, on a port and an origin of their own (spec 25 §5): plain HTML and forms, no API, nothing that may be
 * kept, indexed or framed. Knows no page by name.
 */
export class PageServer implements Service {
  readonly name = 'pages'
  readonly #options: PageServerOptions
  readonly #deps: PageServerDeps
  #app: FastifyInstance | undefined

  constructor(options: PageServerOptions, deps: PageServerDeps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#app = await buildServer(this.#options, this.#deps)
    await this.#app.listen({ host: this.#options.host, port: this.#options.port })
  }

  async stop(): Promise<void> {
    await this.#app?.close()
  }

  /** The port listened on; 0 before `start`. */
  get port(): number {
    const [address] = this.#app?.addresses() ?? []
    return typeof address === 'object' ? address.port : 0
  }
}

async function buildServer(options: PageServerOptions, deps: PageServerDeps): Promise<FastifyInstance> {
  const app = fastify({
    https: {
      cert: options.tls.certificate,
      key: options.tls.key,
      minVersion: 'TLSv1.2',
      headersTimeout: requestMs,
      maxHeaderSize: 16 * 1024,
    },
    bodyLimit: longestForm,
    forceCloseConnections: true,
    keepAliveTimeout: keepAliveMs,
    // By `limitRequestTime`.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 64 },
  }).setValidatorCompiler(validateBySchema)
  readForms(app)
  answerErrors(app, deps)
  await app.register(fastifyHelmet, pageHeaders)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-robots-tag', 'noindex, nofollow').header('cache-control', 'no-store')
    reply.header('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()')
  })
  await app.register(fastifyCookie)
  await app.register(fastifyRateLimit, {
    max: options.postsPerMinute ?? generousPostsPerMinute,
    timeWindow: 60_000,
    keyGenerator: ({ ip }) => clientNetwork(ip),
    // What a proxy on this machine passes on is many networks; how many codes are compared at once has its own bound.
    allowList: ({ method, ip }: { method: string; ip: string }) => method !== 'POST' || isOwnMachine(ip),
    // How many are left tells nobody anything.
    addHeaders: noLimitHeaders,
    addHeadersOnExceeding: noLimitHeaders,
  })
  limitRequestTime(app)
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') requireOwnForm(request, options.origin)
  })
  for (const routes of deps.routes) await app.register(routes)
  return app
}

const noLimitHeaders = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': true,
}

/** A form as browsers send one; every other body is refused. Repeated names: the first counts. */
function readForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: longestForm },
    (_request, body, done) => {
      const fields = new Map<string, string>()
      for (const [name, value] of new URLSearchParams(String(body)))
        if (!fields.has(name)) fields.set(name, value)
      done(null, fields)
    },
  )
}

function answerErrors(app: FastifyInstance, deps: PageServerDeps): void {
  const answer = (request: FastifyRequest, reply: FastifyReply, status: number) =>
    reply.code(status).type('text/html; charset=utf-8').send(deps.errorPage(request, status))
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = statusOf(error)
    const facts = { code: codeOf(error), method: request.method, route: request.routeOptions.url, status }
    if (status === 500) deps.log.error('page failed', { ...facts, error: error.name })
    else deps.log.debug('page refused', facts)
    return answer(request, reply, status)
  })
  app.setNotFoundHandler((request, reply) => answer(request, reply, 404))
}

/** What routes throw on purpose to get a page: the rest is 500. */
const statuses: Readonly<Record<string, number>> = {
  CSRF: 403,
  NOT_FOUND: 404,
  OUT_OF_RESOURCES: 503,
  BUSY: 503,
}

function statusOf(error: FastifyError): number {
  if (isTwiinError(error)) return statuses[error.code] ?? 500
  const { statusCode } = error
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? statusCode : 500
}

/** The form fields of a POST. */
export const formOf = (request: FastifyRequest): ReadonlyMap<string, string> =>
  request.body instanceof Map ? (request.body as Map<string, string>) : new Map<string, string>()

/** Our own form, not a page of somebody else: by what the browser says of the request. Throws CSRF. */
function requireOwnForm(request: FastifyRequest, origin: string): void {
  const site = request.headers['sec-fetch-site']
  const isOwn =
    site === undefined ? request.headers.origin === origin : site === 'same-origin' || site === 'none'
  if (!isOwn) throw new TwiinError('CSRF')
}

const pageHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'blob:'],
      'connect-src': ["'self'"],
      'worker-src': ["'self'"],
      'form-action': ["'self'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' as const },
  crossOriginOpenerPolicy: { policy: 'same-origin' as const },
  crossOriginResourcePolicy: { policy: 'same-origin' as const },
  xFrameOptions: { action: 'deny' as const },
  hsts: { maxAge: 31_536_000 },
}
