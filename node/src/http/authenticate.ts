import type { Authentication, Sessions } from '@twiin/web'
import { roles } from '../people/people-file.ts'
import type { People, Person } from '../people/people-file.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set on every route that names roles. */
    person: Person
  }
}

export const sessionCookie = 'twiin_session'

/** By the session of a person at this hospital, or the token of a script (spec 10 §1). */
export function byPersonOrToken(deps: {
  people: People
  sessions: Sessions<Person>
}): Authentication<Person> {
  return {
    ...{ sessionCookie, roles, sessions: deps.sessions },
    byToken: (token) => deps.people.byToken(token),
    identify: (request, { person }) => {
      request.person = person
    },
  }
}
