import type { FastifyInstance, FastifyRequest } from 'fastify'
import { TwiinError } from '@twiin/runtime'
import type { People, Person, Role } from '../people/people-file.ts'
import type { Sessions } from '../people/sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set on every route that names roles. */
    person: Person
  }
  interface FastifyContextConfig {
    /** Who may call this route. Outside `/api/v1` one without it is open to everybody: health, the page. */
    roles?: readonly Role[]
    /** A call of the API that needs no log-in: the log-in. */
    open?: true
  }
}

export const sessionCookie = 'twiin_session'

/**
 * Lets a request pass only with a person whose role the route names (spec 10 §1).
 * A cookie alone never changes anything: such calls need the header `x-twiin-csrf`, which no foreign page can set.
 */
export function authenticate(app: FastifyInstance, deps: { people: People; sessions: Sessions }): void {
  app.decorateRequest('person')
  // A route that forgot to say who may call it must not get as far as being called.
  app.addHook('onRoute', ({ url, config }) => {
    const isDecided = config?.roles !== undefined || config?.open === true
    if (url.startsWith('/api/v1/') && !isDecided) throw new TwiinError('ROUTE_WITHOUT_ROLES', { url })
  })
  app.addHook('onRequest', async (request) => {
    const { roles } = request.routeOptions.config
    if (roles === undefined) return
    const person = bearer(request, deps.people) ?? cookie(request, deps.sessions)
    if (person === undefined) throw new TwiinError('NOT_AUTHENTICATED')
    if (!roles.includes(person.role)) throw new TwiinError('ROLE_NOT_PERMITTED')
    request.person = person
  })
}

function bearer(request: FastifyRequest, people: People): Person | undefined {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'bearer' && token !== undefined ? people.byToken(token) : undefined
}

function cookie(request: FastifyRequest, sessions: Sessions): Person | undefined {
  const secret = request.cookies[sessionCookie]
  const person = secret === undefined ? undefined : sessions.find(secret)
  const changes = request.method !== 'GET' && request.method !== 'HEAD'
  if (person !== undefined && changes && request.headers['x-twiin-csrf'] === undefined)
    throw new TwiinError('CSRF')
  return person
}
