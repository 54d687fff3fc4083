import type { Authentication } from '@twiin/web'
import type { Standing } from '../http/authenticate.ts'
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
  const heldBy = new WeakMap<object, { studyInstanceUid: string; standing: Standing }>()
  return {
    ...authentication,
    byToken: (token, asked) => {
      const holder = tickets.holderOf(token, asked)
      if (holder === undefined) return authentication.byToken(token, asked)
      // One of its own: the same person at the page is not held to one study.
      const person = { ...holder.person }
      heldBy.set(person, holder)
      return person
    },
    identify: async (request, caller) => {
      await authentication.identify(request, caller)
      const ticket = heldBy.get(caller.person)
      if (ticket === undefined) return
      request.onlyStudy = ticket.studyInstanceUid
      request.standing = ticket.standing
    },
  }
}
