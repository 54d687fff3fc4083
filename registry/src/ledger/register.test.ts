import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { ManualClock } from '@twiin/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Act } from './acts.ts'
import { Books } from './books.ts'

const clock = new ManualClock(1_000)
const { peerId } = NodeKey.generate()
const serials = ['0a']
let dir = ''
let books: Books
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-register-'))
  books = await Books.open({ file: join(dir, 'ledger.jsonl') }, { clock })
  const subject = { peerId, ura: '10000001', role: 'member', notBefore: 0, notAfter: 10_000 } as const
  await record({ act: 'certifying', ...subject })
  await record({ act: 'issued', serial: '0a', name: 'x', certificate: 'AA', ...subject })
})
afterEach(async () => {
  await books.close()
  await rm(dir, { recursive: true, force: true })
})
const record = (act: Act) => books.record(() => act)
const key = () => books.register.keys.get(peerId)
const selfTested = (passed: boolean, by: string) =>
  record({
    ...{ act: 'self-tested', run: 'a'.repeat(32), peerId, reference: peerId, version: '1.0.0' },
    ...{ passed, steps: [], by },
  })

test('an act in which one person stands for two is never written', async () => {
  const twice = ['anna', 'anna']
  for (const act of [
    { act: 'revoked', peerId, serials, reason: 'keyCompromise', by: twice },
    { act: 'suspended', peerId, serials, reason: 'certificateHold', by: twice },
    { act: 'resumed', peerId, reason: 'resolved', by: twice },
    { act: 'quota-set', ura: '10000001', tokensPerDay: 1, reason: 'moreWork', by: twice },
  ] as const)
    await expect(record({ ...act, by: [...act.by] })).rejects.toThrow('ACT_INVALID')
  expect(key()?.ended).toBeUndefined()
})

test('no sentence, name or other free text fits where an act has a reason or a person', async () => {
  for (const reason of [
    '',
    'ab',
    'Jan heeft het gedaan',
    'jan@kliniek.example',
    'x'.repeat(49),
    'é'.repeat(5),
  ])
    await expect(record({ act: 'rejected', id: 'x', by: 'anna', reason })).rejects.toThrow('ACT_INVALID')
  for (const by of ['', 'Anna', 'Anna Jansen', 'anna@kliniek.example', 'x'.repeat(33)])
    await expect(record({ act: 'rejected', id: 'x', by, reason: 'unknown' })).rejects.toThrow('ACT_INVALID')
})

test('a member exchanges from the first test it passed, until one that a person ordered fails', async () => {
  await selfTested(false, 'console')
  expect(key()?.exchangingSince).toBeUndefined()
  await selfTested(true, 'console')
  await clock.advance(500)
  await selfTested(true, 'anna')
  expect(key()?.exchangingSince).toBe(1_000)
  await selfTested(false, 'console')
  expect(key()?.exchangingSince).toBe(1_000)
  await selfTested(false, 'anna')
  expect([key()?.exchangingSince, key()?.selfTest?.passed]).toEqual([undefined, false])
  await selfTested(true, 'anna')
  expect(key()?.exchangingSince).toBe(1_500)
})

test('while something changes on which acts are judged, no act is judged, and none is lost', async () => {
  const order: string[] = []
  const slow = books.inTurn(async () => {
    order.push('change begins')
    await new Promise((resolve) => setImmediate(resolve))
    order.push('change ends')
  })
  const act = books.record(() => {
    order.push('act')
    return { act: 'person-admitted', id: 'anna', role: 'administrator', by: 'console' }
  })
  const failing = books.inTurn(() => Promise.reject(new Error('disk full')))
  const last = books.record(() => ({ act: 'person-dismissed', id: 'anna', by: 'console' }))
  await Promise.all([slow, act, expect(failing).rejects.toThrow('disk full'), last])
  expect(order).toEqual(['change begins', 'change ends', 'act'])
  expect([books.register.people.size, books.register.dismissed.has('anna')]).toEqual([0, true])
})
