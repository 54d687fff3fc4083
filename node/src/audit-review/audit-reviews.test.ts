import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '@twiin/audit'
import type { NewAuditEntry } from '@twiin/audit'
import { ManualClock } from '@twiin/runtime'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Account } from '../account/account.ts'
import { AuditReviews } from './audit-reviews.ts'
import type { Verdict } from './audit-reviews.ts'

/** Monday 5 January 2026, 09:00 in Amsterdam. */
const monday = Date.UTC(2026, 0, 5, 8)
const hourMs = 3_600_000
const officer = { id: 'fg', name: 'F. Gegevens', role: 'auditor' as const }

let dir: string
let store: Store
let clock: ManualClock
let log: AuditLog
let reviews: AuditReviews
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'reviews-'))
  store = new Store({ dir }, { sealer: new Sealer(Buffer.alloc(32, 3)) })
  clock = new ManualClock(monday)
  log = new AuditLog({}, { store, clock })
  const account = new Account(
    { organisation: { ura: '90000001', name: 'A' } },
    { log, bundle: { member: () => undefined } as never, clock },
  )
  const verdicts = store.repository<Verdict>('audit-reviews', { keys: 'plain-opaque' })
  reviews = new AuditReviews({ log, account, verdicts, clock })
  await store.start()
  await log.start()
})
afterEach(async () => {
  await store.stop()
  await rm(dir, { recursive: true })
})

const write = (entry: Partial<NewAuditEntry>) =>
  log.append({
    ...{ event: 'search', outcome: 'success', emergency: false },
    organisation: { ura: '90000001', name: 'A' },
    user: { id: 'rad', name: 'R', role: 'radiologist' },
    patient: { citizenNumber: '999990019' },
    ...entry,
  })
const listed = async () =>
  (await reviews.list({ days: 30 })).reviews.map(({ stored, reasons, alike }) => [
    stored.seq,
    ...reasons,
    ...(alike > 0 ? [`+${alike}`] : []),
  ])

it('an ordinary day asks for no review', async () => {
  for (const event of ['login', 'search', 'retrieve-requested', 'study-viewed', 'log-read'] as const)
    await write({ event })
  expect(await listed()).toEqual([])
})

it('the unusual stands first, each with its reason, and alike refusals are one', async () => {
  await write({ outcome: 'refused', reason: 'CONSENT_MISSING' })
  await write({ outcome: 'refused', reason: 'CONSENT_MISSING' })
  await write({ event: 'log-export' })
  const changed = { event: 'account-changed', reason: 'SECOND_FACTOR_SET' } as const
  await write({ ...changed, account: 'rad' })
  await write({ ...changed, account: 'somebody-else' })
  expect(await listed()).toEqual([
    [3, 'LOG_EXPORT'],
    [5, 'ACCOUNT_CHANGED'],
    [2, 'REFUSED', '+1'],
  ])
})

it('an emergency has one list, which is not this one: neither its opening, nor what was done in it, nor its review', async () => {
  const peer = { ura: '90000002', name: 'B', peerId: 'b' }
  for (const event of ['emergency', 'search', 'retrieve-requested', 'emergency-reviewed'] as const)
    await write({ event, emergency: true })
  await write({ event: 'emergency', emergency: true, peer })
  await write({ event: 'search-refused', emergency: true, peer, outcome: 'refused', reason: 'OBJECTION' })
  expect(await listed()).toEqual([])
  // A box that was refused to somebody here is on no other list.
  await write({ event: 'emergency', emergency: true, outcome: 'refused', reason: 'CONFIRMATION_WRONG' })
  expect(await listed()).toEqual([[7, 'REFUSED']])
})

it('an emergency of another hospital that no notice tells of is on this list: past its quota, or past what may wait', async () => {
  const of = (n: number) => ({
    ...{ emergency: true, user: { id: `invented-${n}`, role: 'radiologist' } },
    peer: { ura: '90000002', name: 'B', peerId: 'b' },
    patient: { citizenNumber: String(999990000 + n) },
  })
  const refused = { outcome: 'refused', reason: 'TOO_MANY_EMERGENCIES' } as const
  for (let n = 0; n < 30; n++) await write({ ...of(n), ...refused, event: 'search-refused' })
  for (let n = 0; n < 30; n++) await write({ ...of(n), event: 'emergency', unnoticed: true })
  const denied = { outcome: 'refused', reason: 'CONSENT_DENIED' } as const
  await write({ ...of(1), ...denied, event: 'emergency', unnoticed: true })
  // That one is told of already.
  await write({ ...of(1), ...denied, event: 'search-refused' })
  expect(await listed()).toEqual([
    [61, 'EMERGENCY_UNNOTICED', '+30'],
    [30, 'REFUSED', '+29'],
  ])
})

it('however much is refused to another hospital, in whatever names, nothing graver leaves the list', async () => {
  await write({ event: 'log-export' })
  const peer = { ura: '90000002', name: 'B', peerId: 'b' }
  const refusal = { event: 'search-refused', outcome: 'refused', emergency: false, peer } as const
  const refused = (n: number) =>
    log.append({
      ...{ ...refusal, reason: `R${n}`, organisation: { ura: '90000001', name: 'A' } },
      user: { id: `user-${n}`, role: 'radiologist' },
    })
  await Promise.all(Array.from({ length: 5100 }, (_, n) => refused(n)))
  const found = await listed()
  expect(found[0]).toEqual([1, 'LOG_EXPORT'])
  expect(found).toHaveLength(201)
})

it('names that a stranger types at the log-in are one thing to look at, and a known account is another', async () => {
  await write({ event: 'search', outcome: 'refused', reason: 'CONSENT_MISSING' })
  const failed = { event: 'login-failed', outcome: 'refused', reason: 'NOT_AUTHENTICATED' } as const
  const typed = (n: number) =>
    write({ ...failed, protocol: 'PASSWORD', user: { id: `invented-${n}`, role: '' }, patient: {} })
  await Promise.all(Array.from({ length: 1200 }, (_, n) => typed(n)))
  await write({ ...failed, protocol: 'UNLOCK' })
  expect(await listed()).toEqual([
    [1202, 'REFUSED'],
    [1201, 'REFUSED', '+1199'],
    [1, 'REFUSED'],
  ])
})

it('however many are refused one thing, the refusals of another stay on the list, and it says that there are more', async () => {
  await write({ event: 'retrieve-requested', outcome: 'refused', reason: 'EMERGENCY_NOT_OPEN' })
  const refused = (n: number) =>
    write({ event: 'confirmation', outcome: 'refused', user: { id: `user-${n}`, role: 'radiologist' } })
  await Promise.all(Array.from({ length: 1100 }, (_, n) => refused(n)))
  expect((await listed()).at(-1)).toEqual([1, 'REFUSED'])
  expect(await reviews.list({ days: 30 })).toMatchObject({ more: true, reviews: { length: 201 } })
})

it('one user who looks at more than twenty patients within an hour stands out, and one who takes the day for it does not', async () => {
  const bsn = (n: number) => ({ patient: { citizenNumber: String(999990000 + n) } })
  for (let n = 0; n < 20; n++) await write(bsn(n))
  for (let n = 0; n < 20; n++) await write(bsn(n))
  expect(await listed()).toEqual([])
  await write(bsn(20))
  expect(await listed()).toEqual([[41, 'MANY_PATIENTS']])
  await clock.advance(hourMs)
  for (let n = 30; n < 60; n++) {
    await write({ ...bsn(n), user: { id: 'slow', role: 'radiologist' } })
    await clock.advance(hourMs / 15)
  }
  expect(await listed()).toEqual([[41, 'MANY_PATIENTS']])
})

it('at night a patient that this hospital knows is ordinary, and one of whom nothing is on record is not', async () => {
  await write({ event: 'study-stored', patient: { citizenNumber: '999990020' } })
  await clock.advance(13 * hourMs)
  await write({ patient: { citizenNumber: '999990020' } })
  await write({ patient: { citizenNumber: '999990019' } })
  expect(await listed()).toEqual([[3, 'OUT_OF_HOURS']])
  // Saturday noon.
  await clock.advance(4 * 24 * hourMs + 14 * hourMs)
  await write({ patient: { citizenNumber: '999990019' } })
  expect(await listed()).toHaveLength(2)
})

it('a verdict is on record with who gave it, and what was looked at goes to the end', async () => {
  for (let i = 0; i < 2; i++) await write({ event: 'log-export' })
  await expect(reviews.give(99, { verdict: 'in-order' }, officer)).rejects.toThrow('NOT_FOUND')
  await reviews.give(1, { verdict: 'in-order', note: 'seen' }, officer)
  const { reviews: found } = await reviews.list({ days: 30 })
  expect(found.map(({ stored, review }) => [stored.seq, review?.by.id])).toEqual([
    [2, undefined],
    [1, 'fg'],
  ])
  const last = await log.at(3)
  expect(last?.entry).toMatchObject({ event: 'log-reviewed', user: { id: 'fg' }, reason: 'IN_ORDER' })
})
