import { existsSync } from 'node:fs'
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
import type { People } from '../people/people-file.ts'
import type { Sessions } from '../people/sessions.ts'
import { authenticate } from './authenticate.ts'
import type { LiveEvents } from './events.ts'
import { answerError, sendProblem, severityOf } from './problem.ts'
import { validateBySchema } from './validate.ts'

export interface HttpOptions {
  host: string
  port: number
  /** Certificate chain and key, PEM. */
  tls: { certificate: string; key: string }
  /** Folder of the built user interface; pages answer 404 where it was not built. */
  uiDir: string
  version: string
}

export interface HttpDeps {
  people: People
  sessions: Sessions
  events: LiveEvents
  log: Logger
  /** Routes of the features, each under `/api/v1`. */
  api: FastifyPluginAsyncTypebox[]
  /** Routes outside it: health, metrics. */
  plain: FastifyPluginAsyncTypebox[]
}

/** Everything the node says over HTTPS, to its own hospital only. Each feature brings its routes. */
export class HttpServer implements Service {
  readonly name = 'http'
  readonly #options: HttpOptions
  readonly #deps: HttpDeps
  #app: FastifyInstance | undefined

  constructor(options: HttpOptions, deps: HttpDeps) {
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
}

async function buildServer(options: HttpOptions, deps: HttpDeps): Promise<FastifyInstance> {
  const app = fastify({
    https: { cert: options.tls.certificate, key: options.tls.key, minVersion: 'TLSv1.2' },
    bodyLimit: 256 * 1024,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
  })
    .setValidatorCompiler(validateBySchema)
    .withTypeProvider<TypeBoxTypeProvider>()
  app.setErrorHandler((error, request, reply) => answerError(error as never, request, reply))
  app.addHook('onError', async (request, _reply, error) => {
    const facts = { code: codeOf(error), method: request.method, route: request.routeOptions.url }
    const severity = severityOf(error)
    if (severity === 'debug') deps.log.debug('http request refused', facts)
    else deps.log[severity]('http request failed', { ...facts, error: error.name })
  })
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: { directives: contentPolicy },
    hsts: { maxAge: 31_536_000 },
  })
  await app.register(fastifyCookie)
  // Only where a route asks for it: logging in.
  await app.register(fastifyRateLimit, { global: false })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Twiin node', version: options.version, description: 'See docs/spec/10-node-api.md.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  })
  authenticate(app, deps)
  for (const routes of deps.plain) await app.register(routes)
  await app.register(
    async (api) => {
      api.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))
      for (const routes of deps.api) await api.register(routes)
    },
    { prefix: '/api/v1' },
  )
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  if (existsSync(options.uiDir)) await app.register(fastifyStatic, { root: options.uiDir, wildcard: true })
  app.setNotFoundHandler((request, reply) => {
    // The page's own addresses (`/zoeken`, `/overdrachten`) all open the page.
    const isPage = request.method === 'GET' && request.headers.accept?.includes('text/html') === true
    if (isPage && existsSync(options.uiDir) && !request.url.startsWith('/api/'))
      return reply.sendFile('index.html')
    return sendProblem(reply, 'NOT_FOUND')
  })
  return app
}

const contentPolicy = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  // React Aria sets one inline style element (its hash) and heights on virtual rows.
  'style-src': ["'self'", "'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='"],
  'style-src-attr': ["'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
}
