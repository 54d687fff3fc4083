import type { Access, Authentication } from '@twiin/web'
import type { Person } from '../ledger/acts.ts'
import type { BearerTokens } from '../people/bearer-tokens.ts'
import { roles } from '../people/staff.ts'
import type { Staff } from '../people/staff.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the person who asks. Set on every route that is not open. */
    by: Person
    /** The same person, with name and role. */
    staff: Staff
  }
  interface FastifyContextConfig {
    /** In other words: administrators may call this route, and auditors when it only reads. */
    staffOnly?: true
  }
}

/** `__Host-`: over HTTPS only, from this host only, for all of it (RFC 6265bis §4.1.3.2). */
export const sessionCookie = '__Host-twiin_registry'

/** By bearer token (spec 06 §4). */
export function byToken(deps: { tokens: BearerTokens }): Authentication<Staff> {
  return {
    ...{ sessionCookie, roles, accessOf },
    sessions: { find: () => undefined },
    byToken: (token) => deps.tokens.personOf(token),
    identify: (request, { person }) => {
      request.staff = person
      request.by = person.id
    },
  }
}

/** Calls of nodes, and what everybody may know. They prove themselves by what they send. */
const open = new Set(['/api/v1/bundle', '/api/v1/announcements', '/api/v1/statistics', '/api/v1/log/*'])

const accessOf: NonNullable<Authentication<Staff>['accessOf']> = ({ url, method, config }): Access => {
  if (config.roles !== undefined) return config.roles
  if (config.staffOnly) return method === 'GET' || method === 'HEAD' ? roles : ['administrator']
  return config.open === true || open.has(url) ? 'open' : undefined
}
