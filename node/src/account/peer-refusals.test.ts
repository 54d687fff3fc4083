import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { AuditEntry } from '@twiin/audit'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Account } from './account.ts'

let dir: string
let store: Store
let clock: ManualClock
let log: AuditLog
let account: Account
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'refusals-'))
  store = new Store({ dir }, { sealer: new Sealer(Buffer.alloc(32, 3)) })
  clock = new ManualClock()
  log = new AuditLog({}, { store, clock })
  const member = (peerId: string) => ({ ura: '90000002', name: peerId })
  account = new Account(
    { organisation: { ura: '90000001', name: 'A' } },
    { log, bundle: { member } as never, clock },
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
const refuse = (peerId: string, about: Partial<AuditEntry> = {}) =>
  account.record({
    ...{ event: 'refused', outcome: 'refused', reason: 'REQUEST_INVALID', peerId, ...about },
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

it('a refusal about a patient always has a line, and so has what is not refused', async () => {
  for (let i = 0; i < 100; i++) await refuse('peer', { patient: { citizenNumber: '999990019' } })
  for (let i = 0; i < 100; i++) await account.record({ event: 'receipt', outcome: 'success', peerId: 'peer' })
  // And what they refused us.
  for (let i = 0; i < 100; i++)
    await account.record({ event: 'study-received', outcome: 'refused', peerId: 'peer' })
  expect(await entries()).toHaveLength(300)
})
