import fastifyCookie from '@fastify/cookie'
import fastifyHelmet from '@fastify/helmet'
import { codeOf, isTwiinError, TwiinError } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { fastify } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { boundConnections } from './connection-bounds.ts'
import { changes, limitRates } from './page-limits.ts'
import { limitRequestTime, requestMs } from './request-time.ts'
import { TrustedProxies } from './trusted-proxies.ts'
import { validateBySchema } from './validate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A form that does nothing in anybody's name: it counts too where a browser does not tell which page sent it. */
    fromAnywhereUnsaid?: true
  }
}

export interface PageServerOptions {
  host: string
  /** 0: any free port. */
  port: number
  /** Certificate chain and key, PEM. */
  tls: { certificate: string; key: string }
  /** Our own origin, as browsers see it: no other page's form counts. */
  origin: string
  /** Of one client network in a minute. Families and hospitals share an address: many. */
  postsPerMinute?: number
  getsPerMinute?: number
  /** At once: in all, and of one client network. */
  connections?: number
  connectionsPerNetwork?: number
  /** Addresses and networks (CIDR) of proxies that say in `X-Forwarded-For` for whom they ask. */
  trustedProxies?: readonly string[]
}

export interface PageServerDeps {
  log: Logger
  /** Pages and files, at their own paths. */
  routes: readonly FastifyPluginAsyncTypebox[]
  /** The page for what went wrong, in HTML; it must not tell what stood in the request. */
  errorPage(request: FastifyRequest, status: number): string
  /** GETs that have a bound of their own, such as ranges of a file that somebody was let in for. Asked before anything else. */
  isUncounted?(request: FastifyRequest): boolean
}

/** Longest form, in bytes. */
const longestForm = 16 * 1024
/** Phones in a lift: a connection is kept for the next tap. */
const keepAliveMs = 75_000
const generous = { postsPerMinute: 600, getsPerMinute: 6_000, connections: 2_000, connectionsPerNetwork: 400 }

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
  const proxies = new TrustedProxies(options.trustedProxies ?? [])
  const limits = { ...generous, ...options }
  const app = fastify({
    trustProxy: (address) => proxies.has(address),
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
  await limitRates(app, { ...limits, isUncounted: (request) => deps.isUncounted?.(request) === true })
  limitRequestTime(app)
  app.addHook('onRequest', async (request) => {
    if (changes(request.method)) requireOwnForm(request, options.origin)
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    errorAnswer(deps, request, reply, 404),
  )
  boundConnections(
    app.server,
    { most: limits.connections, ofNetwork: limits.connectionsPerNetwork },
    (address) => proxies.has(address),
  )
  for (const routes of deps.routes) await app.register(routes)
  return app
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
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = statusOf(error)
    const facts = { code: codeOf(error), method: request.method, route: request.routeOptions.url, status }
    if (status === 500) deps.log.error('page failed', { ...facts, error: error.name })
    else deps.log.debug('page refused', facts)
    return errorAnswer(deps, request, reply, status)
  })
}

const errorAnswer = (deps: PageServerDeps, request: FastifyRequest, reply: FastifyReply, status: number) =>
  reply.code(status).type('text/html; charset=utf-8').send(deps.errorPage(request, status))

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

/**
 * Our own form, not a page of somebody else: by what the browser says of the request. Throws CSRF. Safari before 16.4 says
 * nothing, and under `no-referrer` gives `null` as the origin of a form (Fetch §3.1): that is enough where no session is used.
 */
function requireOwnForm({ headers, routeOptions }: FastifyRequest, origin: string): void {
  const site = headers['sec-fetch-site']
  const isUnsaid = headers.origin === undefined || headers.origin === 'null'
  const isOwn =
    site === undefined
      ? headers.origin === origin || (isUnsaid && routeOptions.config.fromAnywhereUnsaid === true)
      : site === 'same-origin' || site === 'none'
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
