import { NodeKey } from '@twiin/identity'
import { announcement } from '@twiin/protocol'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'
import type { Run } from './describe-run.ts'

async function announce(registry: TestRegistry, key: NodeKey): Promise<void> {
  const { bytes } = announcement.sign(
    {
      ...{ kind: 'announcement', peerId: key.peerId, issuedAt: registry.clock.now(), mailboxes: [] },
      // Nobody listens there.
      addresses: ['/ip4/127.0.0.1/tcp/1'],
    },
    key,
  )
  const headers = { 'content-type': 'application/cbor' }
  const { status } = await registry.call('POST', '/api/v1/announcements', { body: bytes, headers })
  expect(status).toBe(204)
}

test('tests are ordered by staff, for members that can be tested; a refusal says why', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('90000001')
  const order = (peerId: string, as?: 'administrator') =>
    registry.call('POST', '/api/v1/self-tests', { json: { peerId }, ...(as && { as }) })
  const codeOf = async (answer: ReturnType<typeof order>) => {
    const given = await answer
    return [given.status, given.json<{ code: string }>().code]
  }
  expect(await codeOf(order(key.peerId))).toEqual([401, 'NOT_AUTHENTICATED'])
  expect(await codeOf(order('x', 'administrator'))).toEqual([400, 'VALIDATION'])
  expect(await codeOf(order(NodeKey.generate().peerId, 'administrator'))).toEqual([404, 'NOT_FOUND'])
  expect(await codeOf(order(registry.runtime.peerId, 'administrator'))).toEqual([404, 'NOT_FOUND'])
  expect(await codeOf(order(key.peerId, 'administrator'))).toEqual([409, 'NOT_TESTABLE'])
  await announce(registry, key)
  expect(await codeOf(order(key.peerId, 'administrator'))).toEqual([409, 'NO_REFERENCE'])
})

test('everybody can read tests, and who waits for one and why', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('90000001')
  await announce(registry, key)
  const read = async <T>(path: string) => (await registry.call('GET', `/api/v1/self-tests${path}`)).json<T>()
  expect(await read<Run[]>('')).toEqual([])
  expect(await read<Run[]>(`?peerId=${key.peerId}`)).toEqual([])
  expect(await read<object[]>('/waiting')).toMatchObject([
    { peerId: key.peerId, ura: '90000001', name: 'Clinic 90000001', reason: 'NO_REFERENCE' },
  ])
  const unknown = await registry.call('GET', `/api/v1/self-tests/${'0'.repeat(32)}`)
  expect([unknown.status, unknown.json<{ code: string }>().code]).toEqual([404, 'NOT_FOUND'])
})
