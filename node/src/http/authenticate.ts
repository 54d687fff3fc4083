import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Authentication, FastifyRequest, Sessions } from '@twiin/web'
import type { LogIns, Proof } from '../people/log-ins.ts'
import { launcher, roles } from '../people/people-file.ts'
import type { LaunchingSystem, People, Person } from '../people/people-file.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set on every route that names roles of persons. */
    person: Person
    /** The system that asks. Set on every route of the role `launcher`. */
    system: LaunchingSystem
    /** The secret of the person's session; undefined when they came with a bearer token. */
    sessionSecret: string | undefined
    /** When they last confirmed who they are; undefined when not in this session. A bearer token confirms each time. */
    confirmedAgoMs: number | undefined
    /** When they last proved it in any way, the log-in too. */
    provedAgoMs: number | undefined
    /** What they came with, for an answer that takes long; undefined of the token of a script. */
    standing: Standing | undefined
  }
  interface FastifyContextConfig {
    /** Also for who still has to get a second factor. */
    beforeEnrolment?: true
  }
}

/** A session or ticket. */
export interface Standing {
  /** Whether it still lets in who came with it. Keeps nothing open. */
  isLive(): boolean
  /** By which that is looked at again. */
  readonly clock: Pick<Clock, 'sleep'>
}

/** `__Host-`: no other host under the hospital's domain can put one of its own in its place (RFC 6265bis §4.1.3.2). */
export const sessionCookie = '__Host-twiin_session'
/** How long a confirmation counts here. Emergency access asks for one of just now: `confirm-person.ts`. */
const recentMs = 5 * 60_000

/** By the session of a person at this hospital, or the token of a script or system (spec 10 §1, 23). */
export function byPersonOrToken(deps: {
  people: Pick<People, 'byToken'>
  logIns: Pick<LogIns, 'mustEnrol'>
  sessions: Sessions<Person, Proof>
  clock: Clock
  /** Durable when it resolves. */
  onRefused: NonNullable<Authentication<Person | LaunchingSystem>['onRefused']>
}): Authentication<Person | LaunchingSystem> {
  const { people, logIns, sessions, clock } = deps
  const ago = (at: number | undefined) => (at === undefined ? undefined : clock.now() - at)
  return {
    ...{ sessionCookie, roles: [...roles, launcher], sessions },
    byToken: (token) => people.byToken(token),
    onRefused: deps.onRefused,
    identify: async (request, { person, session }) => {
      request.sessionSecret = session
      request.confirmedAgoMs = session === undefined ? 0 : ago(sessions.confirmedAt(session))
      request.standing = session === undefined ? undefined : { isLive: () => sessions.isLive(session), clock }
      request.provedAgoMs = session === undefined ? 0 : ago(sessions.provedAt(session))
      if (person.role === launcher) {
        request.system = person
        return
      }
      request.person = person
      const isEarly = request.routeOptions.config.beforeEnrolment === true
      if (session !== undefined && !isEarly && (await logIns.mustEnrol(person)))
        throw new TwiinError('ENROLMENT_REQUIRED')
    },
  }
}

/** For what needs the person once more, such as a change of accounts: `POST /session/confirmations`. Throws CONFIRMATION_REQUIRED. */
export function requireRecentConfirmation({ confirmedAgoMs }: FastifyRequest): void {
  requireWithin(confirmedAgoMs)
}

/** The same, and a log-in of just now is one too. Throws CONFIRMATION_REQUIRED. */
export function requireFresh({ provedAgoMs }: FastifyRequest): void {
  requireWithin(provedAgoMs)
}

function requireWithin(ago: number | undefined): void {
  if (ago === undefined || ago > recentMs) throw new TwiinError('CONFIRMATION_REQUIRED')
}
