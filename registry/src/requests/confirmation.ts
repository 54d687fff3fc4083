import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** spec 06 §4: who left a page open has not left the right to end a hospital's key. */
const confirmedForMs = 5 * 60_000

/**
 * `preHandler` of what cannot be undone by a word: the person gave a code within the last five minutes. A bearer token
 * confirms each time. Throws CONFIRMATION_REQUIRED.
 */
export function mustBeConfirmed(clock: Pick<Clock, 'now'>) {
  return async ({ confirmedAt }: { confirmedAt: number | undefined }): Promise<void> => {
    if (confirmedAt === undefined || clock.now() - confirmedAt > confirmedForMs)
      throw new TwiinError('CONFIRMATION_REQUIRED')
  }
}
