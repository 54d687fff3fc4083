import { TwiinError } from '@twiin/runtime'
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import type { Sessions } from './sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route. Outside `/api/v1` one without it is open to everybody: health, the page. */
    roles?: readonly string[]
    /** With `roles`: who names nobody may call as well, and the route itself finds out what they may. */
    guests?: true
    /** A call of the API that needs no log-in: the log-in. */
    open?: true
    /** A call that no person does anything for, such as listening: it does not keep their session from going idle. */
    passive?: true
  }
}

/** Who may call a route: these roles, everybody, or nobody said. */
export type Access = readonly string[] | 'open' | undefined

/** Who asks, and how we know. */
export interface Caller<P> {
  readonly person: P
  /** The cookie of their session; undefined for a bearer token. */
  readonly session: string | undefined
}

/** What the server has to know of somebody; an app knows more. */
export interface Person {
  readonly id: string
  readonly role: string
}

/** What a request asks for, as the server understands it: the route that answers, and what was read from the address. */
export interface Asked {
  readonly method: string
  /** The pattern of the route, such as `/dicom-web/studies/:study`. */
  readonly route: string
  readonly params: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
}

export interface Authentication<P extends Person> {
  /** Name of the cookie that holds the secret of a session. */
  readonly sessionCookie: string
  /** Every role there is. */
  readonly roles: readonly P['role'][]
  /** `asked` for tokens that are good for some requests only. */
  byToken(token: string, asked: Asked): P | undefined
  readonly sessions: Pick<Sessions<P>, 'find' | 'isLocked'>
  /** Puts the caller on the request, under the name by which the app's routes know them; may refuse them by throwing. */
  identify(request: FastifyRequest, caller: Caller<P>): void | Promise<void>
  /** Told of a person who may not do this, before they are answered. */
  onRefused?(person: P, route: { url: string; method: string }): Promise<void>
  /** For routes that say in other words who may call them. */
  accessOf?: (route: { url: string; method: string; config: Partial<FastifyContextConfig> }) => Access
}

/**
 * Lets a request pass only with a person whose role the route names.
 * A cookie alone never changes anything: such calls need the header `x-twiin-csrf`, which no foreign page can set.
 */
export function authenticate<P extends Person>(app: FastifyInstance, by: Authentication<P>): void {
  const accessOf = by.accessOf ?? (({ config }) => config.roles ?? (config.open ? 'open' : undefined))
  // A route that forgot to say who may call it must not get as far as being called.
  app.addHook('onRoute', (route) => {
    const { url } = route
    const config: Partial<FastifyContextConfig> = route.config ?? {}
    const access = accessOf({ url, method: String(route.method), config })
    if (url.startsWith('/api/v1/') && access === undefined)
      throw new TwiinError('ROUTE_WITHOUT_ROLES', { url })
    if (access === undefined || access === 'open') return
    const unknown = access.find((role) => !by.roles.includes(role))
    if (unknown !== undefined) throw new TwiinError('ROUTE_ROLE_UNKNOWN', { url, role: unknown })
    // A new object: routes share theirs.
    route.config = { ...config, roles: access }
  })
  app.addHook('onRequest', async (request) => {
    const { roles, guests } = request.routeOptions.config
    if (roles === undefined) return
    const caller = bearer(request, by) ?? cookie(request, by)
    // A wrong token is a mistake to be told about, not a stranger.
    if (caller === undefined && guests && request.headers.authorization === undefined) return
    if (caller === undefined) throw new TwiinError('NOT_AUTHENTICATED')
    if (!roles.includes(caller.person.role)) {
      await by.onRefused?.(caller.person, {
        url: request.routeOptions.url ?? '',
        method: request.method,
      })
      throw new TwiinError('ROLE_NOT_PERMITTED')
    }
    await by.identify(request, caller)
  })
}

function bearer<P extends Person>(request: FastifyRequest, by: Authentication<P>): Caller<P> | undefined {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined) return undefined
  const { method, routeOptions, params, query } = request
  const person = by.byToken(token, {
    ...{ method, route: routeOptions.url ?? '' },
    // As the routes read them: what is judged is what is answered.
    params: params as Asked['params'],
    query: query as Asked['query'],
  })
  return person === undefined ? undefined : { person, session: undefined }
}

/** How long the person at the page did nothing, as the page says with calls that it makes by itself. Whole seconds. */
const idleHeader = 'x-twiin-idle'

function cookie<P extends Person>(request: FastifyRequest, by: Authentication<P>): Caller<P> | undefined {
  const session = request.cookies[by.sessionCookie]
  if (session === undefined) return undefined
  const person = by.sessions.find(session, idleMsOf(request))
  // Whose it is, nobody is told: only that it can be unlocked.
  if (person === undefined && by.sessions.isLocked(session)) throw new TwiinError('SESSION_LOCKED')
  if (person === undefined) return undefined
  if (request.method !== 'GET' && request.method !== 'HEAD') requireOwnPage(request)
  return { person, session }
}

function idleMsOf({ headers, routeOptions }: FastifyRequest): number {
  if (routeOptions.config.passive === true) return Infinity
  const stated = headers[idleHeader]
  return typeof stated === 'string' && /^\d{1,6}$/.test(stated) ? Number(stated) * 1000 : 0
}

/** For open routes that change something by the cookie alone, such as logging out. Throws CSRF. */
export function requireOwnPage(request: FastifyRequest): void {
  if (request.headers['x-twiin-csrf'] === undefined) throw new TwiinError('CSRF')
}
