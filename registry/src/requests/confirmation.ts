import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** spec 06 §4: who left a page open has not left the right to end a hospital's key. */
const confirmedForMs = 5 * 60_000

/** Judges who is about to do what cannot be undone by a word: a `preHandler`. Throws CONFIRMATION_REQUIRED. */
export type Confirmed = (request: { confirmedAt: number | undefined }) => Promise<void>

/**
 * The person gave a code within the last five minutes; a bearer token confirms each time. And the ledger knows by now
 * who works here no more, so that nobody is the second person after somebody who left.
 */
export function mustBeConfirmed(deps: {
  clock: Pick<Clock, 'now'>
  people: { record(): Promise<void> }
}): Confirmed {
  return async ({ confirmedAt }) => {
    if (confirmedAt === undefined || deps.clock.now() - confirmedAt > confirmedForMs)
      throw new TwiinError('CONFIRMATION_REQUIRED')
    await deps.people.record()
  }
}
