import type { Clock } from '@twiin/runtime'
import { inOrder } from './lanes.ts'
import { linkOf, peerLink } from './links.ts'
import type { Links } from './links.ts'
import type { LinkSpeeds } from './link-speeds.ts'
import { isWaiting } from './transfer-record.ts'
import type { Link, TransferRecord } from './transfer-record.ts'

/**
 * When each transfer is expected to end (spec 17 §3), in milliseconds since the Unix epoch: its own bytes and those
 * ahead of it, at the speed measured on each link it still has to pass. Those of which it is not known are not in it.
 */
export function expectedEnds(
  active: readonly TransferRecord[],
  { links, speeds, clock }: { links: Links; speeds: LinkSpeeds; clock: Clock },
): Map<string, number> {
  const ends = new Map<string, number>()
  const ahead = new Map<Link, number>()
  const pass = (link: Link, bytes: number): number | undefined => {
    const total = (ahead.get(link) ?? 0) + bytes
    ahead.set(link, total)
    if (bytes === 0) return 0
    const speed = links.open(link) === undefined ? speeds.of(link) : undefined
    return speed === undefined ? undefined : total / speed
  }
  for (const record of active.filter(isWaiting).sort(inOrder)) {
    // What becomes of a send is the recipient's queue, and told by the recipient.
    if (record.kind === 'send') continue
    const { fetch, deliver } = bytesLeft(record)
    const fetched = pass(peerLink(record.counterparty), fetch)
    const delivered = pass('pacs', deliver)
    if (fetched === undefined || delivered === undefined) continue
    const pacsSpeed = speeds.of('pacs') ?? Infinity
    ends.set(record.id, clock.now() + Math.ceil(Math.max(fetched + deliver / pacsSpeed, delivered)))
  }
  return ends
}

function bytesLeft(record: TransferRecord): { fetch: number; deliver: number } {
  const { bytes, instances } = record
  const fetch = linkOf(record) === 'pacs' ? 0 : Math.max(0, bytes.total - bytes.done)
  const toPacs = record.kind !== 'retrieval' || record.destination === 'pacs'
  const left = instances.total === 0 ? 0 : 1 - instances.done / instances.total
  return { fetch, deliver: toPacs ? Math.max(0, Math.round(bytes.total * left)) : 0 }
}
