import type { CharacterSet } from '@twiin/hl7'
import type { Repository } from '@twiin/store'

/** A message as it stands in the inbox; its bytes stand apart, and go when it was worked off. Sealed on disk. */
export interface InboxRecord {
  readonly id: string
  readonly sender: Sender
  /** `ADT^A08` */
  readonly type: string
  /** MSH-10 */
  readonly controlId: string
  readonly bytes: number
  readonly receivedAt: number
  readonly state: 'waiting' | 'applied' | 'failed'
  /** Handlers that took it. */
  readonly done: readonly string[]
  readonly attempts: number
  /** Code of the last failure. */
  readonly reason?: string
  readonly settledAt?: number
}

/** MSH-3 and MSH-4. */
export interface Sender {
  readonly application: string
  readonly facility: string
}

/** A message, as kept until it is worked off. */
export interface StoredBody {
  bytes: Uint8Array
  unnamedCharacterSet: CharacterSet
}

export interface InboxBuckets {
  /** id → record */
  records: Repository<InboxRecord>
  /** id → bytes, until worked off */
  bodies: Repository<StoredBody>
  /** id → sender, of what waits */
  waiting: Repository<Sender>
  /** keyed sender and MSH-10 → what came under it */
  controlIds: Repository<{ id: string; digest: string }>
}
