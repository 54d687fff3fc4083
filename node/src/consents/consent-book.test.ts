import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decideConsent, mayPublish } from '@twiin/consent'
import type { ConsentRecord } from '@twiin/consent'
import { parseBsn } from '@twiin/patient-token'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import type { Repository } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConsentBook } from './consent-book.ts'

const bsn = parseBsn('999990019')
const all = { kind: 'all' } as const
const adult = { birthDate: '1960-02-03', now: Date.UTC(2026, 0, 2) }
const onlyB = { kind: 'organisation', ura: '90000002' } as const
let dir: string
let store: Store
let clock: ManualClock
let records: Repository<ConsentRecord[]>
let history: Repository<ConsentRecord[]>
let book: ConsentBook

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-consents-'))
  clock = new ManualClock()
  await open()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})
async function open(): Promise<void> {
  store = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
  await store.start()
  records = store.repository<ConsentRecord[]>('consents', { keys: 'keyed' })
  history = store.repository<ConsentRecord[]>('history', { keys: 'keyed' })
  book = new ConsentBook({ store, records, history, clock })
}
const record = (decision: 'permit' | 'deny', scope: ConsentRecord['scope'] = all) =>
  book.record(bsn, { scope, decision, by: 'op' })
const mayB = async () =>
  decideConsent(await book.of(bsn), { ura: '90000002', category: 'hospital' }, adult).decision

describe('consent', () => {
  it('that nobody recorded is none', async () => {
    expect([mayPublish(await book.of(bsn), adult).decision, await mayB()]).toEqual(['deny', 'deny'])
  })

  it('holds after a restart, and the last word on a scope counts, also after the clock was set back', async () => {
    await record('permit')
    clock = new ManualClock(0)
    await store.stop()
    await open()
    await record('deny')
    await store.stop()
    await open()
    expect(await mayB()).toBe('deny')
  })

  it('of several scopes recorded at once is lost for none', async () => {
    const uras = Array.from({ length: 20 }, (_, i) => `900000${String(i).padStart(2, '0')}`)
    await Promise.all(uras.map((ura) => record('deny', { kind: 'organisation', ura })))
    expect(await book.of(bsn)).toHaveLength(20)
  })

  it('for everybody does not undo an objection against one', async () => {
    await record('deny', onlyB)
    await record('permit')
    expect([await mayB(), mayPublish(await book.of(bsn), adult).decision]).toEqual(['deny', 'permit'])
  })

  it('recorded here does not undo an objection from another source', async () => {
    await records.put(bsn, [{ scope: all, decision: 'deny', recordedAt: 1, source: 'mitz', by: 'mitz' }])
    await record('permit')
    await record('permit')
    expect((await book.of(bsn)).map(({ source }) => source)).toEqual(['mitz', 'local'])
    expect([await mayB(), mayPublish(await book.of(bsn), adult).decision]).toEqual(['deny', 'deny'])
  })

  it('that was replaced stays readable, and an objection is not replaced by a permit of somebody else', async () => {
    await record('permit')
    await record('deny')
    await book.record(bsn, { scope: all, decision: 'permit', by: 'op', givenBy: 'parent' })
    expect((await book.historyOf(bsn)).map(({ decision }) => decision)).toEqual(['permit'])
    // An adult's parent has no say: the objection stands.
    expect(await mayB()).toBe('deny')
    await record('permit')
    expect(await mayB()).toBe('permit')
  })

  it('is durable before anybody is told', async () => {
    const told: Promise<readonly ConsentRecord[]>[] = []
    book.onChange((of) => told.push(book.of(of)))
    await record('permit')
    expect(await Promise.all(told)).toMatchObject([[{ decision: 'permit' }]])
  })
})
