import type { PackageProgress } from '@twiin/protocol'
import { isOver } from '../transfers/transfer-record.ts'
import type { Arrival, AtRecipient, Send } from '../transfers/transfer-record.ts'
import type { Change } from '../transfers/transfer-book.ts'
import type { Links } from '../transfers/links.ts'
import { whyWaiting } from '../transfers/why-waiting.ts'
import type { Waiting } from '../transfers/why-waiting.ts'

/** What the sender hears of an arrival (spec 05 §7). */
export function progressOf(
  arrival: Arrival,
  { links, eta }: { links: Links; eta: number | undefined },
): PackageProgress {
  const { id, state, instances, bytes, hops = {} } = arrival
  const waiting = whyWaiting(arrival, links)
  const reason = reasonToTell(waiting, arrival)
  const fetched =
    hops.fetched !== undefined
      ? instances.total
      : bytes.total === 0
        ? 0
        : Math.floor(instances.total * Math.min(1, bytes.done / bytes.total))
  const { queued: offered, fetched: all, filed, delivered, committed } = hops
  return {
    package: Buffer.from(id, 'hex'),
    state: isOver(arrival) ? 'over' : (state as 'queued' | 'running' | 'held'),
    ...(reason === undefined ? {} : { reason }),
    ...(waiting.nextTryAt === undefined ? {} : { nextTryAt: Math.round(waiting.nextTryAt) }),
    ...(eta === undefined ? {} : { eta: Math.round(eta) }),
    fetched: { done: fetched, total: instances.total },
    delivered: instances,
    hops: {
      ...(offered === undefined ? {} : { offered }),
      ...(all === undefined ? {} : { fetched: all }),
      ...(filed === undefined ? {} : { filed }),
      ...(delivered === undefined ? {} : { delivered }),
      ...(committed === undefined ? {} : { committed }),
    },
  }
}

/** What makes it worth telling: not every image, and not an estimate that moved. */
export const sayingOf = ({ state, reason, nextTryAt, hops }: PackageProgress) =>
  JSON.stringify([state, reason, nextTryAt, Object.keys(hops)])

const tellable: ReadonlySet<string> = new Set([
  'PACS_BUSY',
  'PACS_REFUSED',
  'COMMITMENT_PENDING',
  'COMMITMENT_FAILED',
  'TRANSFER_CUT',
  'OUT_OF_RESOURCES',
  'PATIENT_CONFLICT',
])

/** spec 05 §7: a closed list. What happens between this node and its PACS in detail is nobody else's business. */
function reasonToTell({ reason, link }: Waiting, { state }: Arrival): string | undefined {
  if (reason === undefined || state === 'running' || state === 'delivered') return undefined
  if (tellable.has(reason)) return reason
  if (link === undefined) return 'OTHER'
  return link === 'pacs' ? 'PACS_AWAY' : 'SENDER_UNREACHABLE'
}

/** How often what a recipient tells of one package is written down. */
const leastBetweenMs = 1000

/** What a send becomes by it: of one that is over only the moments count. Undefined when nothing changes. */
export function changeByProgress(send: Send, told: PackageProgress, now: number): Change | undefined {
  const { queued, received, receipt } = send.hops ?? {}
  const hops = {
    ...(received === undefined ? {} : { received }),
    ...(queued === undefined ? {} : { queued }),
    ...told.hops,
    ...(send.hops?.offered === undefined ? {} : { offered: send.hops.offered }),
    ...(receipt === undefined ? {} : { receipt }),
  }
  const isNews = Object.entries(hops).some(([hop, at]) => send.hops?.[hop as keyof typeof hops] !== at)
  if (isOver(send) || told.state === 'over') return isNews ? { hops } : undefined
  const isSame = send.atRecipient?.state === told.state && send.atRecipient.reason === told.reason
  if (isSame && now - (send.atRecipient?.toldAt ?? 0) < leastBetweenMs) return undefined
  const { state, reason, nextTryAt, eta, fetched, delivered } = told
  const atRecipient: AtRecipient = {
    ...{ toldAt: now, state, fetched, delivered },
    ...(reason === undefined ? {} : { reason }),
    ...(nextTryAt === undefined ? {} : { nextTryAt }),
    ...(eta === undefined ? {} : { eta }),
  }
  return {
    atRecipient,
    hops,
    instances: { ...send.instances, done: Math.min(delivered.done, send.instances.total) },
  }
}

/** In so long a peer is listened to on so many packages. What is beyond is left: what lasts is told again. */
const windowMs = 10_000
const mostInWindow = 1000

/** How much each peer told of late, so that none keeps this node writing. */
export class ToldByPeers {
  readonly #told = new Map<string, { since: number; packages: number }>()

  /** Whether so many more are listened to; then they count. */
  allows(peerId: string, packages: number, now: number): boolean {
    for (const [other, { since }] of this.#told) if (now - since >= windowMs) this.#told.delete(other)
    const told = this.#told.get(peerId) ?? { since: now, packages: 0 }
    if (told.packages + packages > mostInWindow) return false
    this.#told.set(peerId, { ...told, packages: told.packages + packages })
    return true
  }
}
