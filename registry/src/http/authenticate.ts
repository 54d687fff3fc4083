import type { Clock } from '@twiin/runtime'
import type { Access, Authentication, Sessions } from '@twiin/web'
import type { Person } from '../ledger/acts.ts'
import type { Proof } from '../people/accounts.ts'
import type { BearerTokens } from '../people/bearer-tokens.ts'
import { roles } from '../people/staff.ts'
import type { Staff } from '../people/staff.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the person who asks. This and what follows is set on every route that is not open. */
    by: Person
    /** The same person, with name and role. */
    staff: Staff
    /** The secret of their session; undefined when they came with a bearer token. */
    session: string | undefined
    /**
     * When they last gave a code to confirm; undefined when not in this session. A bearer token confirms each time.
     * Milliseconds since the Unix epoch.
     */
    confirmedAt: number | undefined
  }
  interface FastifyContextConfig {
    /** In other words: administrators may call this route, and auditors when it only reads. */
    staffOnly?: true
  }
}

/** `__Host-`: over HTTPS only, from this host only, for all of it (RFC 6265bis §4.1.3.2). */
export const sessionCookie = '__Host-twiin_registry'

/** By session or bearer token (spec 06 §4). */
export function bySessionOrToken(deps: {
  tokens: BearerTokens
  sessions: Sessions<Staff, Proof>
  clock: Clock
}): Authentication<Staff> {
  const { tokens, sessions, clock } = deps
  return {
    ...{ sessionCookie, roles, sessions, accessOf },
    byToken: (token) => tokens.personOf(token),
    identify: (request, { person, session }) => {
      request.staff = person
      request.by = person.id
      request.session = session
      request.confirmedAt = session === undefined ? clock.now() : sessions.confirmedAt(session)
    },
  }
}

/** Calls of nodes, and what everybody may know. They prove themselves by what they send. */
const open = new Set(['/api/v1/bundle', '/api/v1/announcements', '/api/v1/statistics', '/api/v1/log/*'])

function accessOf({
  url,
  method,
  config,
}: Parameters<NonNullable<Authentication<Staff>['accessOf']>>[0]): Access {
  if (config.roles !== undefined) return config.roles
  if (config.staffOnly) return method === 'GET' || method === 'HEAD' ? roles : ['administrator']
  return config.open === true || open.has(url) ? 'open' : undefined
}
