import type { Authentication } from '@twiin/web'
import type { LaunchingSystem, Person } from '../people/people-file.ts'
import type { ViewerTickets } from './viewer-tickets.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The one study that may be looked at, when the caller came with the ticket of a viewer (spec 24 §7). */
    onlyStudy?: string
  }
}

/** As before, and by the ticket of a viewer outside the page. */
export function orByTicket(
  authentication: Authentication<Person | LaunchingSystem>,
  tickets: Pick<ViewerTickets, 'holderOf'>,
): Authentication<Person | LaunchingSystem> {
  const studyOf = new WeakMap<object, string>()
  return {
    ...authentication,
    byToken: (token, asked) => {
      const holder = tickets.holderOf(token, asked)
      if (holder === undefined) return authentication.byToken(token, asked)
      // One of its own: the same person at the page is not held to one study.
      const person = { ...holder.person }
      studyOf.set(person, holder.studyInstanceUid)
      return person
    },
    identify: (request, caller) => {
      const only = studyOf.get(caller.person)
      if (only !== undefined) request.onlyStudy = only
      return authentication.identify(request, caller)
    },
  }
}
