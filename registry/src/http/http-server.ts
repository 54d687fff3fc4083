import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifySwagger from '@fastify/swagger'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Logger, Service } from '@twiin/runtime'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { authenticate } from './people.ts'
import type { People } from './people.ts'
import { answerError, sendProblem } from './problem.ts'

export interface HttpOptions {
  host: string
  /** 0: any free port. */
  port: number
  /** Certificate and key, PEM. */
  tls: { certificate: string; key: string }
}

export interface HttpDeps {
  people: People
  log: Logger
  /** Routes of the features, each under its prefix. */
  routes: readonly (readonly [prefix: string, routes: FastifyPluginAsyncTypebox])[]
}

/** Everything the registry says over HTTPS. Each feature brings its routes. */
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
    await this.#app?.close()
  }

  /** The port listened on; 0 before `start`. */
  get port(): number {
    const [address] = this.#app?.addresses() ?? []
    return typeof address === 'object' ? address.port : 0
  }
}

async function buildServer(options: HttpOptions, deps: HttpDeps): Promise<FastifyInstance> {
  const app = fastify({
    https: { cert: options.tls.certificate, key: options.tls.key, minVersion: 'TLSv1.2' },
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 100 },
  })
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    .withTypeProvider<TypeBoxTypeProvider>()
  app.setErrorHandler((error, _request, reply) => answerError(error as never, reply, deps.log))
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'NOT_FOUND'))
  await app.register(fastifyHelmet)
  await app.register(fastifyRateLimit, { global: false })
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Twiin registry', version: '0.1.0', description: 'See docs/spec/06-registry.md.' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
  })
  authenticate(app, deps.people)
  for (const [prefix, routes] of deps.routes) await app.register(routes, { prefix })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  return app
}
