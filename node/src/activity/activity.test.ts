import { NodeKey, publicKeyOf, verifySignature } from '@twiin/identity'
import { activityReport } from '@twiin/protocol'
import { ManualClock } from '@twiin/runtime'
import { expect, test } from 'vitest'
import type { TransferRecord } from '../transfers/transfer-record.ts'
import { countActivity, monthAndDay } from './count-activity.ts'
import { ReportActivity } from './report-activity.ts'

const key = NodeKey.generate()
const other = NodeKey.generate()

/** A transfer as the book keeps it, with what a report looks at. */
function transfer(at: string, change: object = {}): TransferRecord {
  const updatedAt = Date.parse(at)
  return {
    id: updatedAt.toString(16).padStart(32, '0'),
    kind: 'arrival',
    state: 'delivered',
    createdAt: updatedAt - 60_000,
    updatedAt,
    counterparty: { ura: '90000002', name: 'B', peerId: other.peerId },
    studyInstanceUids: ['1.2.3'],
    bytes: { done: 1000, total: 1000 },
    ...change,
  } as Partial<TransferRecord> as TransferRecord
}

/** Newest first, in pages, as the book lists them. */
const listOf = (records: TransferRecord[]) => ({
  list: async ({ after, limit }: { after?: string; limit: number }) => {
    const sorted = records.toSorted((a, b) => b.createdAt - a.createdAt)
    const from = after === undefined ? 0 : sorted.findIndex(({ id }) => id === after) + 1
    return sorted.slice(from, from + limit)
  },
})

test('counts what was delivered, in the half of the month in which it was, and nothing else', async () => {
  const records = [
    transfer('2026-11-15T12:00:00Z'),
    transfer('2026-11-16T12:00:00Z', { kind: 'retrieval', bytes: { done: 500, total: 500 } }),
    transfer('2026-11-20T12:00:00Z', { kind: 'send', studyInstanceUids: ['1.2', '1.3'] }),
    transfer('2026-11-21T12:00:00Z', { state: 'failed' }),
    transfer('2026-11-22T12:00:00Z', { state: 'held' }),
    transfer('2026-10-30T12:00:00Z'),
    transfer('2026-12-01T12:00:00Z'),
    transfer('2026-11-23T12:00:00Z', { counterparty: { ura: '90000001', name: 'A', peerId: key.peerId } }),
  ]
  expect(await countActivity('2026-11', { transfers: listOf(records), self: key })).toEqual([
    { sent: 0, received: 1, bytesReceived: 1000 },
    { sent: 2, received: 1, bytesReceived: 500 },
  ])
})

test('a month begins at midnight in Amsterdam, summer and winter', () => {
  expect(monthAndDay(Date.parse('2026-10-31T22:59:59Z'))).toEqual(['2026-10', 31])
  expect(monthAndDay(Date.parse('2026-10-31T23:00:00Z'))).toEqual(['2026-11', 1])
  expect(monthAndDay(Date.parse('2026-06-30T22:00:00Z'))).toEqual(['2026-07', 1])
})

test('a book of thousands is read page by page, and no further back than the month needs', async () => {
  const records = Array.from({ length: 3000 }, (_, i) =>
    transfer(new Date(Date.UTC(2026, 10, 28) - i * 3_600_000).toISOString()),
  )
  let pages = 0
  const list = listOf(records)
  const transfers = {
    list: (range: { after?: string; limit: number }) => {
      pages++
      return list.list(range)
    },
  }
  const [first, second] = await countActivity('2026-11', { transfers, self: key })
  // 27 days and an hour of one study an hour; the first of November begins an hour earlier in Amsterdam.
  expect(first.received + second.received).toBe(27 * 24 + 2)
  expect(pages).toBe(2)
})

test('tells the registry once, again when there is more, and also last month while that is recent', async () => {
  const records = [transfer('2026-10-31T12:00:00Z')]
  const said: { month: string; received: number }[] = []
  let status = 204
  const call = async (_method: string, _path: string, { body }: { body?: Uint8Array | string } = {}) => {
    const { message } = activityReport.open(body as Uint8Array, key.peerId, (peerId, domain, bytes, mark) =>
      verifySignature(publicKeyOf(peerId), domain, bytes, mark),
    )
    said.push({ month: message.month, received: message.halves[0].received + message.halves[1].received })
    return { status, headers: {}, body: Buffer.of() }
  }
  const clock = new ManualClock(Date.parse('2026-11-05T10:00:00Z'))
  const reporter = new ReportActivity({ key, registry: { call }, transfers: listOf(records), clock })
  await reporter.report()
  await reporter.report()
  expect(said).toEqual([{ month: '2026-10', received: 1 }])

  records.push(transfer('2026-11-05T09:00:00Z'))
  status = 503
  await expect(reporter.report()).rejects.toMatchObject({ code: 'REPORT_REFUSED' })
  status = 204
  await reporter.report()
  expect(said.at(-1)).toEqual({ month: '2026-11', received: 1 })
})
