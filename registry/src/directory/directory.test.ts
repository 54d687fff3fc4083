import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { ManualClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tokenDigest } from '../clinics/enrolment-token.ts'
import { Books } from '../ledger/books.ts'
import { TestRegistry, applicationOf } from '../testing.ts'
import { organisations } from './organisations.ts'

const day = 86_400_000
let dir = ''
let books: Books
let clock: ManualClock
let serials = 0x10
beforeEach(async () => {
  clock = new ManualClock(Date.UTC(2026, 10, 1))
  dir = await mkdtemp(join(tmpdir(), 'twiin-directory-'))
  books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
})
afterEach(async () => {
  await books.close()
  await rm(dir, { recursive: true, force: true })
})

/** A clinic with a certified key, as the ledger tells it. */
async function member(ura: string, more: object = {}): Promise<{ peerId: string; serial: string }> {
  const { peerId } = NodeKey.generate()
  const serial = (++serials).toString(16)
  const [id, token] = [`application-${serial}`, tokenDigest(serial)]
  const application = { ...applicationOf(ura), ...more }
  const approved = { act: 'approved', id, digest: token, application } as const
  await books.record((_register, now) => ({
    ...{ ...approved, by: 'anna', enrolment: { digest: token, expiresAt: now + day } },
  }))
  const subject = { peerId, ura, role: 'member' } as const
  const validity = { notBefore: clock.now(), notAfter: clock.now() + 30 * day }
  await books.record(() => ({ act: 'certifying', ...subject, ...validity, token }))
  await books.record(() => ({ act: 'issued', serial, name: 'x', certificate: 'AA', ...subject, ...validity }))
  return { peerId, serial }
}
const test1 = (peerId: string, passed: boolean) => ({
  ...{ act: 'self-tested', run: '0'.repeat(32), peerId, reference: peerId, version: '1', passed, steps: [] },
  by: 'console',
})
const end = (act: 'revoked' | 'suspended', { peerId, serial }: { peerId: string; serial: string }) =>
  books.record(() => ({ act, peerId, serials: [serial], reason: 'certificateHold', by: ['anna', 'bert'] }))
const states = () =>
  organisations(books.register, clock.now()).map(({ organisation: { ura, state, since } }) => [
    ...[ura, state, (clock.now() - Date.parse(since)) / day],
  ])

test('a member is testing, exchanging, suspended or expired, and the directory says since when', async () => {
  const one = await member('10000001')
  await clock.advance(day)
  expect(states()).toEqual([['10000001', 'testing', 1]])
  await books.record(() => test1(one.peerId, true) as never)
  await clock.advance(day)
  expect(states()).toEqual([['10000001', 'exchanging', 1]])
  await end('suspended', one)
  await clock.advance(day)
  expect(states()).toEqual([['10000001', 'suspended', 1]])
  await books.record(() => ({ act: 'resumed', peerId: one.peerId, by: ['anna', 'bert'], reason: 'resolved' }))
  expect(states()).toEqual([['10000001', 'exchanging', 2]])
  await clock.advance(28 * day)
  expect(states()).toEqual([['10000001', 'expired', 1]])
  // Until its certificate cannot be renewed any more.
  await clock.advance(29 * day)
  expect(states()).toEqual([['10000001', 'expired', 30]])
  await clock.advance(1)
  expect(states()).toEqual([])
})

test('a revoked clinic is gone, and with a new key it is there again, once', async () => {
  const one = await member('10000001')
  await end('revoked', one)
  expect(states()).toEqual([])
  await clock.advance(day)
  const two = await member('10000001')
  expect(organisations(books.register, clock.now()).map(({ key }) => key.peerId)).toEqual([two.peerId])
})

test('what a node announces goes before what its clinic declared; the registry itself is no member', async () => {
  const one = await member('10000001', { level: 4, phone: '0101234567' })
  const keeper = NodeKey.generate().peerId
  const validity = { notBefore: clock.now(), notAfter: clock.now() + 30 * day }
  const subject = { peerId: keeper, ura: '90000000', role: 'keeper' } as const
  await books.record(() => ({ act: 'certifying', ...subject, ...validity }))
  await books.record(() => ({
    act: 'issued',
    serial: 'ff',
    name: 'x',
    certificate: 'AA',
    ...subject,
    ...validity,
  }))
  const [before] = organisations(books.register, clock.now())
  expect(before?.organisation).toMatchObject({
    ...{ name: 'Clinic 10000001', category: 'clinic', level: 4, phone: '0101234567' },
    ...{ mailboxes: ['radiology'], endpoints: [] },
  })
  await books.record((_register, now) => ({
    ...{ act: 'announced', peerId: one.peerId, issuedAt: now },
    ...{ addresses: ['/ip4/192.0.2.1/tcp/4001'], mailboxes: ['cardiology'] },
  }))
  const all = organisations(books.register, clock.now())
  expect(all).toHaveLength(1)
  expect(all[0]?.organisation).toMatchObject({
    ...{ mailboxes: ['cardiology'], endpoints: ['/ip4/192.0.2.1/tcp/4001'] },
  })
})

test('everybody sees the directory; peer IDs, quotas and certificates only the registry’s people', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001', 12_000)
  const open = await registry.call('GET', '/api/v1/directory')
  const shown = { ura: '10000001', name: 'Clinic 10000001', category: 'clinic', state: 'testing' }
  expect(open.json()).toMatchObject({ organisations: [shown] })
  expect(open.body.toString()).not.toContain(key.peerId)
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const known = await registry.call('GET', '/api/v1/organisations', { as: 'approver' })
  expect(known.json()).toMatchObject([
    {
      ...{ ...shown, peerId: key.peerId, serial, certificates: 1 },
      ...{ quota: 5_000, quotaIsOwn: false, declaredPatients: 12_000 },
    },
  ])
  const network = await registry.call('GET', '/api/v1/network', { as: 'approver' })
  expect(network.json()).toMatchObject({
    ...{ connected: 0, nodes: [{ ura: '10000001', peerId: key.peerId, state: 'testing', isWitness: false }] },
  })
})
