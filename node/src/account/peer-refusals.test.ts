import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditEntry } from '@twiin/audit'
import { ManualClock, TwiinError } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Account } from './account.ts'
import type { Line } from './account.ts'

let dir: string
let store: Store
let clock: ManualClock
let log: AuditLog
let account: Account
let isFull: boolean
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'refusals-'))
  store = new Store({ dir }, { sealer: new Sealer(Buffer.alloc(32, 3)) })
  clock = new ManualClock()
  log = new AuditLog({}, { store, clock })
  isFull = false
  const append: AuditLog['append'] = async (entry) => {
    if (isFull) throw new TwiinError('OUT_OF_RESOURCES')
    return log.append(entry)
  }
  const member = (peerId: string) => ({ ura: '90000002', name: peerId })
  account = new Account(
    { organisation: { ura: '90000001', name: 'A' } },
    { log: { append } as unknown as AuditLog, bundle: { member } as never, clock },
  )
  await store.start()
  await log.start()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

const entries = async () => {
  const found: AuditEntry[] = []
  for await (const { entry } of log.entries()) found.push(entry)
  return found
}
const refuse = (peerId: string, about: Partial<Line> = {}) =>
  account.record({
    ...{ event: 'refused', outcome: 'refused', reason: 'REQUEST_INVALID', peerId, countable: true },
    ...about,
  } as never)

it('one message that a peer brings for ever is sixty lines and then a count, and another peer has its own', async () => {
  for (let i = 0; i < 1000; i++) await refuse('stale')
  expect(await entries()).toHaveLength(60)
  await refuse('other')
  expect(await entries()).toHaveLength(61)
  await clock.advance(60_000)
  await account.record({ event: 'login', outcome: 'success' })
  const told = (await entries()).slice(61)
  expect(told).toMatchObject([
    { event: 'refused', reason: 'MORE_REFUSED', peer: { peerId: 'stale' }, objects: { count: 940 } },
    { event: 'login' },
  ])
})

/** How many refusals the log tells of, by lines and by counts. */
const toldOf = async () => {
  const counts = (await entries()).map(({ reason, objects }) =>
    reason === 'MORE_REFUSED' ? (objects?.count ?? 0) : 1,
  )
  return counts.reduce((total, count) => total + count, 0)
}

it('a flood that never stops keeps no count out of the log: each minute tells of all that came in it', async () => {
  for (let second = 0; second < 600; second++) {
    await refuse('steady')
    await refuse('steady')
    await clock.advance(1000)
  }
  const told = (await entries()).filter(({ reason }) => reason === 'MORE_REFUSED')
  expect(told.length).toBeGreaterThanOrEqual(8)
  // All but those of the last minute.
  expect(await toldOf()).toBeGreaterThanOrEqual(1200 - 122)
  await account.stop()
  expect(await toldOf()).toBe(1200)
})

it('a count that could not be written stands until it is', async () => {
  for (let i = 0; i < 100; i++) await refuse('peer')
  await clock.advance(60_000)
  isFull = true
  await expect(account.record({ event: 'login', outcome: 'success' })).rejects.toThrow('OUT_OF_RESOURCES')
  isFull = false
  await clock.advance(60_000)
  // More comes while it is being written.
  await Promise.all([refuse('peer'), refuse('peer')])
  await account.stop()
  expect(await toldOf()).toBe(102)
})

it('what is not said to be countable always has a line', async () => {
  const hundred = (one: () => Promise<void>) => Promise.all(Array.from({ length: 100 }, one))
  await hundred(() => refuse('peer', { countable: false }))
  // The witness's alarm, a correction of one's own, and what does not come by a peer.
  const ofPeer = { outcome: 'refused', peerId: 'peer' } as const
  await hundred(() => account.record({ ...ofPeer, event: 'refused', reason: 'ANCHOR_BEHIND' }))
  await hundred(() => account.record({ ...ofPeer, event: 'send-received' }))
  expect(await entries()).toHaveLength(300)
  expect((await entries()).every((entry) => !('countable' in entry))).toBe(true)
})
