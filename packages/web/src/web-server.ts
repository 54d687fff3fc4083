import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyCookie from '@fastify/cookie'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import fastifySwagger from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { codeOf } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { authenticate } from './authenticate.ts'
import type { Authentication, Person } from './authenticate.ts'
import { clientNetwork } from './client-network.ts'
import { contentPolicyFor } from './content-policy.ts'
import { allowOrigins } from './cross-origin.ts'
import type { CrossOrigin } from './cross-origin.ts'
import type { Problems } from './problems.ts'
import { limitRequestTime, requestMs } from './request-time.ts'
import { validateBySchema } from './validate.ts'

export interface WebOptions {
  host: string
  /** 0: any free port. */
  port: number
  /** Certificate chain and key, PEM. */
  tls: { certificate: string; key: string }
  /** Folder of the built user interface; without it, or where it was not built, pages answer 404. */
  uiDir?: string
  /** The pages decode pictures: they may compile WebAssembly. */
  pagesDecode?: true
  /** Longest body, in bytes. */
  bodyLimit: number
  /** Which pages of others may call what. */
  crossOrigin?: CrossOrigin
  /** Of `/openapi.json`. */
  api: { title: string; version: string; description: string }
}

export interface WebDeps<P extends Person> {
  authentication: Authentication<P>
  problems: Problems
  /** Pages that listen are let go when the server stops. */
  events: { closeAll(): void }
  log: Logger
  /** Routes of the features, each under `/api/v1`. */
  api: readonly FastifyPluginAsyncTypebox[]
  /** Routes outside it: health, metrics. */
  plain: readonly FastifyPluginAsyncTypebox[]
}

/** Everything an app says over HTTPS. Each feature brings its routes. */
export class WebServer<P extends Person> implements Service {
  readonly name = 'http'
  readonly #options: WebOptions
  readonly #deps: WebDeps<P>
  #app: FastifyInstance | undefined

  constructor(options: WebOptions, deps: WebDeps<P>) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#app = await buildServer(this.#options, this.#deps)
    await this.#app.listen({ host: this.#options.host, port: this.#options.port })
  }

  async stop(): Promise<void> {
    this.#deps.events.closeAll()
    await this.#app?.close()
  }

  /** The port listened on; 0 before `start`. */
  get port(): number {
    const [address] = this.#app?.addresses() ?? []
    return typeof address === 'object' ? address.port : 0
  }
}

async function buildServer<P extends Person>(
  options: WebOptions,
  deps: WebDeps<P>,
): Promise<FastifyInstance> {
  const app = fastify({
    https: {
      cert: options.tls.certificate,
      key: options.tls.key,
      minVersion: 'TLSv1.2',
      headersTimeout: requestMs,
    },
    bodyLimit: options.bodyLimit,
    forceCloseConnections: true,
    // By `limitRequestTime`, since it is not the same for all routes.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 200 },
  })
    .setValidatorCompiler(validateBySchema)
    .withTypeProvider<TypeBoxTypeProvider>()
  app.setErrorHandler((error, _request, reply) => deps.problems.answer(error as never, reply))
  app.addHook('onError', async (request, _reply, error) => {
    const facts = { code: codeOf(error), method: request.method, route: request.routeOptions.url }
    const severity = deps.problems.severityOf(error)
    if (severity === 'debug') deps.log.debug('http request refused', facts)
    else deps.log[severity]('http request failed', { ...facts, error: error.name })
  })
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { directives: contentPolicyFor({ decodes: options.pagesDecode === true }) },
    hsts: { maxAge: 31_536_000 },
  })
  await app.register(fastifyCookie)
  // Only where a route asks for it.
  await app.register(fastifyRateLimit, { global: false, keyGenerator: ({ ip }) => clientNetwork(ip) })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: options.api,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  })
  if (options.crossOrigin !== undefined) allowOrigins(app, options.crossOrigin)
  authenticate(app, deps.authentication)
  limitRequestTime(app)
  for (const routes of deps.plain) await app.register(routes)
  await app.register(
    async (api) => {
      // Answers are for who asked, unless a route says how long they may be kept.
      api.addHook('onSend', async (_request, reply) => {
        if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      })
      for (const routes of deps.api) await api.register(routes)
    },
    { prefix: '/api/v1' },
  )
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  await servePages(app, options.uiDir, deps.problems)
  return app
}

async function servePages(app: FastifyInstance, dir: string | undefined, problems: Problems): Promise<void> {
  const isBuilt = dir !== undefined && existsSync(dir)
  if (isBuilt)
    await app.register(fastifyStatic, {
      ...{ root: dir, wildcard: true, preCompressed: true, cacheControl: false },
      // The names of assets change with what is in them; a page is asked for anew.
      setHeaders: (reply, path) =>
        void reply.header(
          'cache-control',
          path.startsWith(join(dir, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache',
        ),
    })
  app.setNotFoundHandler((request, reply) => {
    // The page's own addresses (`/zoeken`, `/overdrachten`) all open the page.
    const isPage = request.method === 'GET' && wantsPage(request.headers.accept, request.url)
    if (isPage && isBuilt && !request.url.startsWith('/api/')) return reply.sendFile('index.html')
    return problems.send(reply, 'NOT_FOUND')
  })
}

/** A browser asks for HTML; who takes anything (curl) means the page too, unless it is a file that is not there. */
function wantsPage(accept: string | undefined, url: string): boolean {
  if (accept?.includes('text/html')) return true
  const [path = ''] = url.split('?')
  return accept === '*/*' && !path.slice(path.lastIndexOf('/')).includes('.')
}
