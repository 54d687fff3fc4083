import type { NodeKey } from '@twiin/identity'
import { announcement } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { RegistryClient } from '../registry/registry-client.ts'

/**
 * Tells the registry where this node is reached (spec 06 §2).
 * Throws ANNOUNCEMENT_REFUSED, with `retryAfterSeconds` when the registry said how long to wait.
 */
export async function announce(
  { addresses, mailboxes }: { addresses: string[]; mailboxes: string[] },
  { key, clock, registry }: { key: NodeKey; clock: Pick<Clock, 'now'>; registry: RegistryClient },
): Promise<void> {
  const message = {
    ...{ kind: 'announcement' as const, peerId: key.peerId, issuedAt: clock.now() },
    ...{ addresses, mailboxes },
  }
  const answer = await registry.call('POST', '/api/v1/announcements', {
    body: announcement.sign(message, key).bytes,
    headers: { 'content-type': 'application/cbor' },
  })
  if (answer.status < 300) return
  const seconds = Number(answer.headers['retry-after'])
  const wait = answer.status === 429 && seconds > 0 ? { retryAfterSeconds: Math.min(seconds, 3600) } : {}
  throw new TwiinError('ANNOUNCEMENT_REFUSED', { status: answer.status, ...wait })
}
