import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'
import { callRegistry } from './call-registry.ts'

const limits = { maxBytes: 1024 * 1024, timeoutMs: 5_000 }
const unreachable = (why: string) => ({ code: 'REGISTRY_UNREACHABLE', facts: { why } })

test('who gets no answer is told what stood in between', async () => {
  await using registry = await TestRegistry.create()
  const { url } = registry.runtime
  const ca = await registry.read('web/ca.pem')
  const path = '/statistics'
  expect((await callRegistry({ url, path, ca, ...limits })).status).toBe(200)
  await expect(callRegistry({ url, path, ...limits })).rejects.toMatchObject(
    unreachable('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
  )
  await expect(callRegistry({ url, path, ca, ...limits, maxBytes: 10 })).rejects.toMatchObject(
    unreachable('ANSWER_TOO_LARGE'),
  )
  await registry.stop()
  await expect(callRegistry({ url, path, ca, ...limits })).rejects.toMatchObject(unreachable('ECONNREFUSED'))
}, 60_000)

test('a registry that takes the call and says nothing is given its time, and no more', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`
  await expect(callRegistry({ url, path: '/x', ...limits, timeoutMs: 200 })).rejects.toMatchObject(
    unreachable('ETIMEDOUT'),
  )
  silent.close()
})
