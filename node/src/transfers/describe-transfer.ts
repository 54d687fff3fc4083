import { hopNames } from './hops.ts'
import type { HopName } from './hops.ts'
import type { Links } from './links.ts'
import { isCancellable, isRetryable } from './transfer-desk.ts'
import { isOver } from './transfer-record.ts'
import type { Send, TransferRecord } from './transfer-record.ts'
import { whyWaiting } from './why-waiting.ts'

/** What is known besides the record: the links, and when it is expected to end. */
export interface Beside {
  links: Links
  ends: ReadonlyMap<string, number>
}

/** A transfer as the API shows it (spec 10 §2, spec 17 §3). */
export function describeTransfer(record: TransferRecord, { links, ends }: Beside) {
  const { reason, nextTryAt } = waitingOf(record, links)
  const { undelivered } = record
  const eta = record.kind === 'send' ? record.atRecipient?.eta : ends.get(record.id)
  return {
    id: record.id,
    kind: record.kind,
    state: record.state,
    ...(reason === undefined ? {} : { reason }),
    studyDescription: record.description,
    studyInstanceUids: record.kind === 'retrieval' ? [record.studyInstanceUid] : record.studyInstanceUids,
    counterparty: { ura: record.counterparty.ura, name: record.counterparty.name },
    urgency: record.urgent ? 'urgent' : 'routine',
    ...(record.background === true ? { background: true } : {}),
    instances: record.instances,
    bytes: record.bytes,
    createdAt: instant(record.createdAt),
    updatedAt: instant(record.updatedAt),
    attempts: record.attempts,
    ...(nextTryAt === undefined ? {} : { nextTryAt: instant(nextTryAt) }),
    // A send that still may be undone.
    ...(record.kind === 'send' && record.attempts === 0 && record.nextTryAt > record.createdAt
      ? { startsAt: instant(record.nextTryAt) }
      : {}),
    retryable: isRetryable(record),
    cancellable: isCancellable(record),
    ...(undelivered === undefined ? {} : { undelivered }),
    hops: describeHops(record),
    eta: eta === undefined || isOver(record) || record.state === 'held' ? null : instant(eta),
    ...describeKind(record),
    ...(record.kind === 'send' ? describeThere(record) : {}),
  }
}

/** The sender sees why it waits at the recipient, and when it is tried there next. */
function waitingOf(record: TransferRecord, links: Links): { reason?: string; nextTryAt?: number } {
  if (record.kind !== 'send' || record.state !== 'queued' || !record.offered) return whyWaiting(record, links)
  const { atRecipient: there, reason } = record
  if (there?.reason === undefined) return reason === undefined ? {} : { reason }
  return {
    reason: `RECIPIENT_${there.reason}`,
    ...(there.nextTryAt === undefined ? {} : { nextTryAt: there.nextTryAt }),
  }
}

function describeKind(record: TransferRecord) {
  switch (record.kind) {
    case 'retrieval':
      return { destination: record.destination, ...(record.use === undefined ? {} : { use: record.use }) }
    case 'disc':
      return { disc: record.disc }
    case 'send':
    case 'arrival':
      return describeLetter(record)
  }
}

function describeLetter(record: Extract<TransferRecord, { kind: 'send' | 'arrival' }>) {
  const isShown = record.kind === 'send' || (record.state !== 'queued' && record.state !== 'running')
  return {
    sendReason: record.sendReason,
    ...(record.mailbox === undefined ? {} : { mailbox: record.mailbox }),
    // spec 17 §5: what was said with it is told when it is there.
    ...(record.note === undefined || !isShown ? {} : { note: record.note }),
    ...(record.kind === 'arrival' ? { sender: record.sender.name } : {}),
  }
}

function describeThere({ atRecipient, rule, excluded }: Send) {
  const said = {
    ...(rule === undefined ? {} : { rule }),
    ...(excluded === undefined || excluded.length === 0 ? {} : { excluded }),
  }
  if (atRecipient === undefined) return said
  const { toldAt, state, reason, nextTryAt, eta, fetched, delivered } = atRecipient
  return {
    ...said,
    atRecipient: {
      ...{ toldAt: instant(toldAt), state, fetched, delivered },
      ...(reason === undefined ? {} : { reason }),
      ...(nextTryAt === undefined ? {} : { nextTryAt: instant(nextTryAt) }),
      ...(eta === undefined ? {} : { eta: instant(eta) }),
    },
  }
}

const hopsOf = {
  send: hopNames,
  arrival: hopNames.filter((hop) => hop !== 'received' && hop !== 'offered'),
  retrieval: ['queued', 'fetched', 'filed', 'delivered', 'committed'],
  disc: ['queued', 'fetched', 'filed', 'delivered', 'committed'],
} as const satisfies Record<TransferRecord['kind'], readonly HopName[]>

/** Each hop in order, with when it was reached. Commitment only where it was asked for. */
function describeHops({ kind, hops = {}, ...record }: TransferRecord) {
  const toViewer = 'destination' in record && record.destination === 'viewer'
  return hopsOf[kind]
    .filter((hop) => hop !== 'committed' || hops.committed !== undefined)
    .filter((hop) => !toViewer || (hop !== 'filed' && hop !== 'delivered'))
    .map((hop) => {
      const at = hops[hop]
      return { hop, at: at === undefined ? null : instant(at) }
    })
}

const instant = (at: number) => new Date(at).toISOString()
