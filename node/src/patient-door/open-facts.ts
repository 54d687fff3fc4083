import type { Clock } from '@twiin/runtime'
import type { OpenFacts } from '@twiin/share-pages'
import type { FastifyRequest } from '@twiin/web'
import type { DoorFacts } from './door-facts.ts'
import type { Inside } from './doorman.ts'
import { longestMs } from './sessions.ts'

/** What pages behind the second factor are told. */
export const openFacts = (
  facts: DoorFacts,
  clock: Clock,
  request: FastifyRequest,
  { session, share }: Inside,
  page: string,
): OpenFacts => ({
  ...facts.link(request, session.link, page),
  expiresAt: share.expiresAt,
  recipient: share.recipient,
  packageBytes: share.packageBytes,
  secondsLeft: Math.floor((session.beganAt + longestMs - clock.now()) / 1000),
  script: false,
})
