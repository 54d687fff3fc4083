import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'

/** What `promise` gives, or TRANSFER_CUT when it takes longer than `ms`. */
export async function within<T>(ms: number, clock: Clock, promise: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = clock.sleep(ms, over.signal).then(() => {
    throw new TwiinError('TRANSFER_CUT', { code: 'PEER_TIMEOUT' })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
    late.catch(() => {})
    promise.catch(() => {})
  }
}
