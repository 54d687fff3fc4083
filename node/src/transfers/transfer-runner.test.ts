import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock, TwiinError, silentLogger } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LiveEvents } from '../http/events.ts'
import { Links } from './links.ts'
import { TransferBook } from './transfer-book.ts'
import type { Arrival, Send, TransferRecord } from './transfer-record.ts'
import { TransferRunner } from './transfer-runner.ts'
import type { Attempt } from './transfer-runner.ts'

let dir: string
let store: Store
let clock: ManualClock
let book: TransferBook
let runner: TransferRunner
let links: Links
/** What the worker says to each attempt, in order; then `delivered`. */
let script: ((record: TransferRecord) => Attempt | Promise<Attempt>)[]
const tried: string[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-transfers-'))
  clock = new ManualClock()
  script = []
  tried.length = 0
  await open()
})
afterEach(async () => {
  await close()
  await rm(dir, { recursive: true })
})

async function open(): Promise<void> {
  store = new Store({ dir: join(dir, 'db') }, { sealer: await Sealer.open(join(dir, 'key')) })
  await store.start()
  const records = store.repository<TransferRecord>('transfers', { keys: 'plain-opaque' })
  const random = (bytes: number) => randomBytes(bytes)
  const byTime = store.repository<true>('transfers-by-time', { keys: 'plain-opaque' })
  book = new TransferBook({ store, records, byTime, events: new LiveEvents(), clock, random })
  const work = async (record: TransferRecord): Promise<Attempt> => {
    tried.push(record.id)
    return (await script.shift()?.(record)) ?? { state: 'delivered' }
  }
  links = new Links({ retryMs: 1000 }, { clock, random: () => 0.5 })
  const workers = { retrieval: work, send: work, arrival: work, disc: work }
  runner = new TransferRunner(
    { concurrent: 1, retryMs: 1000 },
    { book, workers, links, clock, log: silentLogger, random: () => 0.5 },
  )
}
async function close(): Promise<void> {
  await runner.stop()
  await store.stop()
}

const common = (change: object) => ({
  id: book.newId(),
  state: 'queued' as const,
  ...{ createdAt: clock.now(), updatedAt: clock.now(), nextTryAt: clock.now(), attempts: 0, urgent: false },
  counterparty: { ura: '90000002', name: 'B', peerId: 'p' },
  ...{ instances: { done: 0, total: 1 }, bytes: { done: 0, total: 1 } },
  ...{ studyInstanceUids: ['1.2.3'], description: '', sendReason: '' },
  ...change,
})
const aSend = (change: Partial<Send> = {}): Send => ({ kind: 'send', offered: false, ...common(change) })
const anArrival = (): Arrival => ({
  kind: 'arrival',
  ...common({}),
  ...{ sender: { id: '', name: '', role: '' }, offer: new Uint8Array(1), manifests: {}, collected: [] },
})
/** Resolves when the record got there; the book says when something changed. */
function until(id: string, condition: (record: TransferRecord) => boolean): Promise<TransferRecord> {
  return new Promise((resolve, reject) => {
    const look = () =>
      void book.get(id).then((record) => {
        if (record === undefined || !condition(record)) return
        stop()
        resolve(record)
      }, reject)
    const stop = book.onWork(look)
    look()
  })
}
const inState = (id: string, state: TransferRecord['state']) => until(id, (record) => record.state === state)
const fail = (code: string) => () => Promise.reject<Attempt>(new TwiinError(code))

describe('the queue', () => {
  it('takes the urgent first, then the oldest', async () => {
    const old = aSend({ createdAt: 1 })
    const [young, urgent] = [aSend({ createdAt: 2 }), aSend({ createdAt: 3, urgent: true })]
    for (const record of [young, old, urgent]) await book.add(record)
    await runner.start()
    await inState(young.id, 'delivered')
    expect(tried).toEqual([urgent.id, old.id, young.id])
  })

  it('tries again after a pause that doubles, and never before', async () => {
    const send = aSend()
    script = [fail('TRANSFER_CUT'), fail('TRANSFER_CUT')]
    await runner.start()
    await book.add(send)
    const first = await until(send.id, ({ state, attempts }) => state === 'queued' && attempts === 1)
    expect([first.reason, first.nextTryAt - clock.now()]).toEqual(['TRANSFER_CUT', 1000])
    await clock.advance(999)
    expect(tried).toHaveLength(1)
    await clock.advance(1)
    const second = await until(send.id, ({ state, attempts }) => state === 'queued' && attempts === 2)
    expect(second.nextTryAt - clock.now()).toBe(2000)
    await clock.advance(2000)
    expect(await inState(send.id, 'delivered')).not.toHaveProperty('reason')
  })

  it.each(['DIGEST_MISMATCH', 'PACS_REFUSED', 'HEADER_INVALID', 'SEAL_BROKEN'])(
    'does not try again what cannot change: %s',
    async (code) => {
      script = [fail(code)]
      const send = aSend()
      await book.add(send)
      await runner.start()
      expect(await inState(send.id, 'failed')).toMatchObject({ reason: code, attempts: 1 })
    },
  )

  it('gives up after a week, and lets the sender of an arrival know that a person is needed', async () => {
    script = [fail('TRANSFER_CUT')]
    const arrival = { ...anArrival(), createdAt: clock.now() - 8 * 86_400_000 }
    await book.add(arrival)
    await runner.start()
    expect(await inState(arrival.id, 'failed')).toMatchObject({ reason: 'TRANSFER_CUT', receiptDue: 'held' })
    expect(book.active()).toHaveLength(1)
  })

  it('goes on after a restart with what was running', async () => {
    const begun = Promise.withResolvers<void>()
    script = [
      () => {
        begun.resolve()
        return new Promise((resolve) =>
          setImmediate(() => resolve({ state: 'again', reason: 'TRANSFER_CUT' })),
        )
      },
    ]
    const send = aSend()
    await book.add(send)
    await runner.start()
    await begun.promise
    await close()
    await open()
    await runner.start()
    expect(await inState(send.id, 'delivered')).toMatchObject({ attempts: 2 })
  })

  it('looks again at every start at what waits for a person here, not at what waits elsewhere', async () => {
    const [held, elsewhere] = [{ ...anArrival(), state: 'held' as const }, aSend({ state: 'held' })]
    await book.add(held)
    await book.add(elsewhere)
    await runner.start()
    await inState(held.id, 'delivered')
    expect(tried).toEqual([held.id])
  })
})

describe('what comes in while an attempt runs', () => {
  it('stands: a receipt is not undone by the end of the attempt', async () => {
    const send = aSend()
    script = [
      async (record) => {
        await book.change(record.id, { state: 'delivered' })
        return { state: 'waiting', reason: 'AWAITING_RECEIPT', forMs: 1 }
      },
    ]
    await book.add(send)
    await runner.start()
    await inState(send.id, 'delivered')
    await runner.stop()
    expect(await book.get(send.id)).toMatchObject({ state: 'delivered' })
  })

  it('right before it begins stands too, and nothing is begun', async () => {
    const send = aSend()
    await book.add(send)
    const receipt = book.change(send.id, { state: 'delivered' })
    await runner.start()
    await receipt
    await runner.stop()
    expect(await book.get(send.id)).toMatchObject({ state: 'delivered', attempts: 0 })
    expect(tried).toEqual([])
  })

  it('makes it run again when a person resolved something meanwhile', async () => {
    const arrival = anArrival()
    script = [
      async (record) => {
        await book.change(record.id, { state: 'queued', nextTryAt: clock.now() })
        return { state: 'held', reason: 'PATIENT_CONFLICT' }
      },
    ]
    await book.add(arrival)
    await runner.start()
    await inState(arrival.id, 'delivered')
    expect(tried).toHaveLength(2)
  })
})

describe('progress', () => {
  it('is only of what runs, and gone with it', async () => {
    const send = aSend()
    const live = { instances: { done: 7, total: 9 }, bytes: { done: 7, total: 9 } }
    script = [
      async ({ id }) => {
        book.progress(id, live)
        expect(await book.get(id)).toMatchObject(live)
        return { state: 'delivered' }
      },
    ]
    await book.add(send)
    await runner.start()
    await inState(send.id, 'delivered')
    book.progress(send.id, live)
    expect(await book.get(send.id)).toMatchObject({ instances: { done: 0, total: 1 } })
  })
})
