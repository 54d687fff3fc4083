import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import type { Repository } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LiveEvents } from '../http/events.ts'
import { TransferBook } from './transfer-book.ts'
import type { Send, TransferRecord } from './transfer-record.ts'

let dir: string
let store: Store
let records: Repository<TransferRecord>
let book: TransferBook

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-book-'))
  await open()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

async function open(): Promise<void> {
  store = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
  await store.start()
  records = store.repository<TransferRecord>('transfers', { keys: 'plain-opaque' })
  const byTime = store.repository<true>('transfers-by-time', { keys: 'plain-opaque' })
  const [events, clock] = [new LiveEvents(), new ManualClock()]
  book = new TransferBook({ store, records, byTime, events, clock, random: (bytes) => randomBytes(bytes) })
}

/** Ids as associations and other hospitals make them: they say nothing about the time. */
const idOf = (n: number) => createHash('sha256').update(`${n}`).digest('hex').slice(0, 32)
const sendOf = (n: number, change: Partial<Send> = {}): Send => ({
  ...{ kind: 'send', id: idOf(n), state: 'delivered', offered: true },
  ...{ createdAt: 1000 + n, updatedAt: 1000 + n, nextTryAt: 0, attempts: 0, urgent: false },
  counterparty: { ura: '90000002', name: 'B', peerId: 'p' },
  ...{ instances: { done: 0, total: 1 }, bytes: { done: 0, total: 1 } },
  ...{ studyInstanceUids: ['1.2.3'], description: '', sendReason: '', ...change },
})
const newestFirst = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(idOf)

async function pages(limit: number): Promise<string[][]> {
  const found: string[][] = []
  for (let after: string | undefined; ;) {
    const page = await book.list({ limit, ...(after === undefined ? {} : { after }) })
    if (page.length === 0) return found
    found.push(page.map(({ id }) => id))
    after = page.at(-1)?.id
  }
}

describe('the book of transfers', () => {
  it('lists the newest first, whatever the ids, in pages that follow on each other', async () => {
    for (const n of [3, 0, 9, 7, 1, 8, 2, 6, 4, 5]) await book.add(sendOf(n))
    expect(newestFirst).not.toEqual(newestFirst.toSorted().toReversed())
    expect(await pages(100)).toEqual([newestFirst])
    const inPages = await pages(3)
    expect(inPages.map(({ length }) => length)).toEqual([3, 3, 3, 1])
    expect(inPages.flat()).toEqual(newestFirst)
    await book.change(idOf(4), { state: 'failed', reason: 'X' })
    expect((await pages(100)).flat()).toEqual(newestFirst)
    expect(await book.list({ after: '0'.repeat(32), limit: 5 })).toEqual([])
  })

  it('lists those of before it kept their order too, once and for good', async () => {
    for (const n of [3, 0, 9, 7, 1]) await records.put(idOf(n), sendOf(n))
    await book.load()
    for (const n of [8, 2, 6, 4, 5]) await book.add(sendOf(n))
    expect(await pages(4)).toEqual([newestFirst.slice(0, 4), newestFirst.slice(4, 8), newestFirst.slice(8)])
    await store.stop()
    await open()
    await book.load()
    expect((await pages(4)).flat()).toEqual(newestFirst)
  })

  it('has the oldest dead letter first', async () => {
    for (const n of [3, 0, 9, 7, 1]) await book.add(sendOf(n, { state: 'failed' }))
    expect(book.deadLetters().map(({ id }) => id)).toEqual([0, 1, 3, 7, 9].map(idOf))
  })
})
