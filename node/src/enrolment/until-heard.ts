import { codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock, Logger } from '@twiin/runtime'

/** Announces until the registry took it. One that says how long to wait is given that time; else every ten seconds. */
export async function untilHeard(
  announce: () => Promise<void>,
  { clock, log }: { clock: Pick<Clock, 'sleep'>; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      return await announce()
    } catch (error) {
      const asked = isTwiinError(error) ? error.facts['retryAfterSeconds'] : undefined
      const seconds = typeof asked === 'number' ? asked : 10
      log.warn('addresses not announced', { code: codeOf(error), nextInSeconds: seconds })
      await clock.sleep(seconds * 1000, signal)
    }
  }
}
