import { linkOf } from './links.ts'
import type { Links } from './links.ts'
import type { Link, TransferRecord } from './transfer-record.ts'

/** Why a transfer is where it is, and when it is tried next; neither when it just waits for its turn. */
export interface Waiting {
  readonly reason?: string
  readonly nextTryAt?: number
  /** What it waits for, when that is not its own failure. */
  readonly link?: Link
}

/** A link that is open speaks for all that have to pass it, also for those that never tried (spec 17 §2). */
export function whyWaiting(record: TransferRecord, links: Links): Waiting {
  const own = record.reason === undefined ? {} : { reason: record.reason }
  if (record.state !== 'queued') return own
  const link = linkOf(record)
  const open = links.open(link)
  if (open !== undefined) return { reason: open.reason, nextTryAt: open.nextTryAt, link }
  if (record.link !== undefined || record.attempts === 0) return {}
  return { ...own, nextTryAt: record.nextTryAt }
}
