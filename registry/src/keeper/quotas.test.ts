import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { ManualClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Books } from '../ledger/books.ts'
import { Quotas } from './quotas.ts'

const settings = { node: 5_000, user: 200, clinics: { '10000002': 70 } }
const clock = new ManualClock()
let dir = ''
let books: Books
let quotas: Quotas
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-quotas-'))
  await open()
  for (const ura of ['10000001', '10000002']) {
    const { peerId } = NodeKey.generate()
    await books.record(() => ({ act: 'certifying', peerId, ura, role: 'member', notBefore: 0, notAfter: 1 }))
  }
})
afterEach(async () => {
  await books.close()
  await rm(dir, { recursive: true, force: true })
})
async function open(): Promise<void> {
  books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
  quotas = new Quotas(settings, { books })
}
const set = (by: string, tokensPerDay: number | null, ura = '10000001', reason = 'moreWork') =>
  quotas.set(ura, { by, tokensPerDay, reason })

test('two people set the number of one clinic, and it goes before what the settings say', async () => {
  expect([quotas.of('10000001'), quotas.of('10000002')]).toEqual([5_000, 70])
  expect(await set('anna', 9_000)).toMatchObject({ request: expect.any(String) as string })
  expect(quotas.of('10000001')).toBe(5_000)
  await expect(set('anna', 9_000)).rejects.toThrow('SECOND_PERSON_REQUIRED')
  expect(await set('bert', 9_000, '10000001', 'other')).toBe('set')
  await set('anna', 0, '10000002')
  await set('bert', 0, '10000002')
  expect([quotas.of('10000001'), quotas.of('10000002')]).toEqual([9_000, 0])
  await books.close()
  await open()
  expect([quotas.of('10000001'), quotas.of('10000002')]).toEqual([9_000, 0])
})

test('no number means the network’s own again', async () => {
  for (const by of ['anna', 'bert']) await set(by, 9_000, '10000002')
  for (const by of ['anna', 'bert']) await set(by, null, '10000002')
  expect(quotas.of('10000002')).toBe(70)
})

test('two people who want different numbers have agreed on nothing', async () => {
  await set('anna', 9_000)
  await expect(set('bert', 9_001)).rejects.toThrow('REQUEST_DIFFERS')
  await expect(set('bert', null)).rejects.toThrow('REQUEST_DIFFERS')
  expect(quotas.of('10000001')).toBe(5_000)
  expect(await set('bert', 9_000)).toBe('set')
})

test('who is no member has no number', async () => {
  await expect(set('anna', 1, '10000009')).rejects.toThrow('NOT_FOUND')
})
