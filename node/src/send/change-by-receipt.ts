import type { Receipt } from '@twiin/protocol'
import type { Change } from '../transfers/transfer-book.ts'
import type { Send } from '../transfers/transfer-record.ts'

/** What a verified receipt makes of a send (spec 05 §5). */
export function changeBy(message: Receipt, signed: Uint8Array, send: Send): Change {
  switch (message.state) {
    case 'delivered': {
      const [instances, bytes] = [send.instances.total, send.bytes.total]
      return {
        state: 'delivered',
        receipt: signed,
        atRecipient: undefined,
        instances: { done: instances, total: instances },
        bytes: { done: bytes, total: bytes },
      }
    }
    case 'held':
      // Whoever cancelled it here did not wait for a person there.
      if (send.state === 'cancelled') return { receipt: signed }
      return { state: 'held', reason: message.reason ?? 'HELD_BY_RECIPIENT', receipt: signed }
    case 'rejected':
      if (send.state === 'cancelled') return { receipt: signed }
      return { state: 'failed', reason: message.reason ?? 'REJECTED_BY_RECIPIENT', receipt: signed }
  }
}
