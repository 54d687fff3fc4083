import { bodyClasses } from '@twiin/protocol'
import type { WireEntry } from '@twiin/protocol'
import { lifetimeDays, memoryDays } from './days.ts'
import type { Placement } from './placement.ts'
import type { EntryMark, StoredEntry, VerifyEntrySignature } from './ports.ts'
import { markOf, sealOverheadBytes, signatureHolds } from './sealed-entry.ts'

/** Why a replica will not keep an entry, or not answer at all. Spec 03 §7. */
export type IndexRefusal =
  | 'NOT_A_MEMBER'
  | 'PUBLISHER_UNKNOWN'
  | 'PUBLISHER_REVOKED'
  | 'ENTRY_INVALID'
  | 'SIGNATURE_INVALID'
  | 'EPOCH_UNKNOWN'
  | 'ENTRY_EXPIRED'
  | 'NOT_RESPONSIBLE'
  | 'QUOTA_EXCEEDED'
  | 'CURSOR_INVALID'
  | 'BUCKET_INVALID'
  | 'OUT_OF_RESOURCES'

export interface PutChecks {
  readonly ownPeerId: string
  readonly placement: Placement
  readonly isRevoked: (peerId: string) => boolean
  readonly verify: VerifyEntrySignature
  readonly today: number
}

/** spec 03 §5, the checks that need nothing but the entry, in their order. */
export function judgeEntry(entry: WireEntry, checks: PutChecks): StoredEntry | IndexRefusal {
  const { placement, today } = checks
  const mark = readMark(entry)
  if (mark === undefined || !isWellFormed(entry, mark)) return 'ENTRY_INVALID'
  if (checks.isRevoked(mark.publisher)) return 'PUBLISHER_REVOKED'
  if (!placement.members.has(mark.publisher)) return 'PUBLISHER_UNKNOWN'
  if (!signatureHolds(mark.publisher, entry, checks.verify)) return 'SIGNATURE_INVALID'
  if (!placement.epochs.includes(mark.epoch)) return 'EPOCH_UNKNOWN'
  // One day of tolerance: clocks differ around midnight. Further ahead, `expires` would mean nothing.
  if (mark.issued > today + 1) return 'ENTRY_INVALID'
  if (!isAlive(mark, today)) return 'ENTRY_EXPIRED'
  const replicas = placement.replicasOf(placement.bucketOf(mark.loc, mark.epoch))
  return replicas.includes(checks.ownPeerId) ? { mark, entry } : 'NOT_RESPONSIBLE'
}

/** An entry that others may still be given: a tombstone outlives its expiry, so that no replay undoes it. */
export function isAlive(mark: EntryMark, today: number): boolean {
  return today <= (mark.tombstone ? mark.issued + memoryDays : mark.expires)
}

function readMark(entry: WireEntry): EntryMark | undefined {
  try {
    return markOf(entry)
  } catch {
    return undefined
  }
}

function isWellFormed(entry: WireEntry, mark: EntryMark): boolean {
  const lifetime = mark.expires - mark.issued
  if (lifetime < 0 || lifetime > lifetimeDays) return false
  const size = entry.body.byteLength - sealOverheadBytes
  return mark.tombstone ? entry.body.byteLength === 0 : bodyClasses.some((known) => known === size)
}
