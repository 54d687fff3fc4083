import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import type { Repository } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LiveEvents } from '../http/events.ts'
import type { Line } from '../account/account.ts'
import { TransferBook } from './transfer-book.ts'
import { TransferDesk } from './transfer-desk.ts'
import type { TransferRecord } from './transfer-record.ts'

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

describe('a send that is taken back', () => {
  it('at the moment that it begins goes on, and the log says so', async () => {
    const id = 'a'.repeat(32)
    await book.add({
      ...{ kind: 'send', id, state: 'queued', offered: false },
      ...{ createdAt: 1000, updatedAt: 1000, nextTryAt: 0, attempts: 0, urgent: false },
      counterparty: { ura: '90000002', name: 'B', peerId: 'p' },
      ...{ instances: { done: 0, total: 1 }, bytes: { done: 0, total: 1 } },
      ...{ studyInstanceUids: ['1.2.3'], description: '', sendReason: '' },
    })
    const lines: Line[] = []
    const account = {
      record: async (line: Line) => {
        lines.push(line)
        // While it is written down the send begins.
        if (lines.length === 1) await book.change(id, { state: 'running', attempts: 1 })
      },
    }
    const desk = new TransferDesk({ book, account, clock: new ManualClock() })
    const operator = { id: 'op', name: 'O', role: 'operator' as const }
    await expect(desk.undo(id, operator)).rejects.toThrow('STATE_CONFLICT')
    expect((await book.get(id))?.state).toBe('running')
    expect(lines).toMatchObject([
      { event: 'send', outcome: 'failed', reason: 'UNDONE', requestId: id },
      { event: 'send', outcome: 'refused', reason: 'STATE_CONFLICT', requestId: id },
    ])
  })
})
