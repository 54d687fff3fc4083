import type { Links } from './links.ts'
import { linkOf } from './links.ts'
import type { TransferBook } from './transfer-book.ts'
import { isWaiting } from './transfer-record.ts'
import type { TransferRecord } from './transfer-record.ts'
import { whyWaiting } from './why-waiting.ts'

/** The queues by the link they wait for, and the dead letters by reason (spec 17 §1, §2). No patient data. */
export function describeQueues(book: TransferBook, links: Links) {
  const waiting = Map.groupBy(book.active().filter(isWaiting), linkOf)
  const names = [...new Set([...waiting.keys(), ...links.all().map(([link]) => link)])].sort()
  const dead = Map.groupBy(book.deadLetters(), ({ kind, reason = 'UNEXPECTED' }) => `${kind} ${reason}`)
  return {
    queues: names.map((link) => {
      const records = waiting.get(link) ?? []
      const open = links.open(link)
      const name = records[0]?.counterparty.name
      return {
        ...(link === 'pacs'
          ? { link: 'pacs' as const }
          : {
              link: 'peer' as const,
              ura: link.slice('peer:'.length),
              ...(name === undefined ? {} : { name }),
            }),
        waiting: records.filter(({ state }) => state === 'queued').length,
        running: records.filter(({ state }) => state === 'running').length,
        urgent: records.filter(({ urgent }) => urgent).length,
        ...oldestOf(records),
        reasons: countBy(records.flatMap((record) => whyWaiting(record, links).reason ?? [])),
        ...(open === undefined
          ? {}
          : {
              away: {
                reason: open.reason,
                since: new Date(open.since).toISOString(),
                nextTryAt: new Date(open.nextTryAt).toISOString(),
              },
            }),
      }
    }),
    deadLetters: [...dead.values()].map((records) => ({
      kind: records[0]?.kind,
      reason: records[0]?.reason,
      count: records.length,
      ...oldestOf(records),
    })),
  }
}

function oldestOf(records: readonly TransferRecord[]) {
  const [first = Infinity] = records.map(({ createdAt }) => createdAt).sort((a, b) => a - b)
  return Number.isFinite(first) ? { oldestAt: new Date(first).toISOString() } : {}
}

function countBy(codes: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(codes, (code) => code)].map(([code, all]) => [code, all.length]))
}
