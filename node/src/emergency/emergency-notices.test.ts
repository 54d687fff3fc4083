import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Account } from '../account/account.ts'
import { LiveEvents } from '../http/events.ts'
import { EmergencyBook } from './emergency-book.ts'
import { EmergencyNotices } from './emergency-notices.ts'
import type { EmergencyUse } from './emergency-use.ts'

let dir: string
let store: Store
let log: AuditLog
let book: EmergencyBook
let notices: EmergencyNotices
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'notices-'))
  store = new Store({ dir }, { sealer: new Sealer(Buffer.alloc(32, 3)) })
  const clock = new ManualClock(1_000_000)
  log = new AuditLog({}, { store, clock })
  const bundle = { member: () => ({ ura: '90000002', name: 'B' }) } as never
  const account = new Account({ organisation: { ura: '90000001', name: 'A' } }, { log, bundle, clock })
  const uses = store.repository<EmergencyUse>('uses', { keys: 'plain-opaque' })
  let ids = 0
  const random = (bytes: number) => Buffer.from(String(++ids).padStart(2 * bytes, '0'), 'hex')
  book = new EmergencyBook({ store, uses, events: new LiveEvents(), clock, random })
  notices = new EmergencyNotices({ book, bundle, account, clock })
  await store.start()
  await log.start()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

const asked = (userId: string) => ({
  ...{ epoch: 1, loc: new Uint8Array(32), user: { id: userId, name: 'R', role: 'radiologist' } },
  purpose: { basis: 'emergency' as const, reason: 'other: spoed' },
})
const judged = { bsn: '999990019', patient: { name: 'P' }, decision: { why: 'PERMITTED' }, shielded: false }
const note = (userId: string) =>
  notices.note(asked(userId), 'b', judged as never, 'searches', new Uint8Array(16))
const waiting = (n: number): EmergencyUse => ({
  ...{ id: book.newId(), direction: 'received', openedAt: 0, until: 1, peerId: 'b', reason: 'spoed' },
  user: { id: `earlier-${n}`, name: 'R', role: 'radiologist' },
  organisation: { ura: '90000002', name: 'B' },
  ...{ patient: { bsn: '999990019' }, searches: 1, retrievals: 0 },
})
const marks = async () => {
  const found = []
  for await (const { entry } of log.entries()) found.push([entry.event, entry.unnoticed ?? false])
  return found
}

it('the line of an emergency that finds no room among those that wait says so, and no other does', async () => {
  await Promise.all(Array.from({ length: 999 }, (_, n) => book.add(waiting(n))))
  await note('last')
  expect(book.pendingOf('b')).toHaveLength(1000)
  await note('one-too-many')
  expect(book.pendingOf('b')).toHaveLength(1000)
  expect(await marks()).toEqual([
    ['emergency', false],
    ['emergency', true],
  ])
})
