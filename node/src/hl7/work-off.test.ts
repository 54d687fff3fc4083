import { Store, Sealer, DiskReserve } from '@twiin/store'
import { TwiinError, silentLogger, systemClock } from '@twiin/runtime'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { oru } from '../testing/oru.ts'
import { WorkOff } from './work-off.ts'

let dir: string
let store: Store
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'work-off-'))
  const sealer = await Sealer.open(join(dir, 'key'))
  const log = silentLogger
  const reserve = new DiskReserve({ dir, reserveBytes: 0, ballastBytes: 4096 }, { log })
  store = new Store({ dir: join(dir, 'store') }, { sealer, reserve, log })
  await store.start()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

it.each([
  ['OUT_OF_RESOURCES', 'applied'],
  ['STORE_FAILED', 'failed'],
])('a message that meets %s thirty times is %s', async (code, state) => {
  const opaque = { keys: 'plain-opaque' } as const
  const records = store.repository<never>('records', opaque)
  const bodies = store.repository<never>('bodies', opaque)
  const waiting = store.repository<never>('waiting', opaque)
  let tries = 0
  const handler = {
    name: 'reports',
    handles: () => true,
    handle: () => (++tries <= 30 ? Promise.reject(new TwiinError(code)) : Promise.resolve()),
  }
  const clock = { ...systemClock, sleep: () => Promise.resolve() }
  const workOff = new WorkOff({
    store,
    records,
    bodies,
    waiting,
    handlers: [handler],
    clock,
    log: silentLogger,
  })
  const id = '0'.repeat(32)
  const record = { id, type: 'ORU^R01', state: 'waiting', done: [], attempts: 0, receivedAt: 0 }
  await records.put(id, record as never)
  await bodies.put(id, { bytes: oru(), unnamedCharacterSet: '8859/1' } as never)
  await workOff.settle(id, new AbortController().signal)
  expect(await records.get(id)).toMatchObject({ state })
})
