import { setImmediate as turn } from 'node:timers/promises'
import type { CommitmentRequestReceived } from '@twiin/dimse'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { CommitmentDesk } from './commitment-desk.ts'

test('asked twice at once, neither hears Success before the request is on disk', async () => {
  const onDisk = Promise.withResolvers<void>()
  const kept = new Map<string, never>()
  const asked = {
    get: async (id: string) => kept.get(id),
    has: async (id: string) => kept.has(id),
    put: async (id: string, value: never) => onDisk.promise.then(() => void kept.set(id, value)),
    delete: async (id: string) => void kept.delete(id),
    async *entries() {},
    putOp: () => expect.fail(),
    deleteOp: () => expect.fail(),
  }
  const studies = { instanceByUid: async () => undefined } as never
  const desk = new CommitmentDesk(
    { mayAsk: ['CT1'], retryMs: 1000 },
    {
      ...{ asked, studies, place: () => undefined, log: silentLogger, clock: new ManualClock(0) },
      sealer: { opaque: (_: string, text: string) => text } as never,
      random: (bytes) => new Uint8Array(bytes),
    },
  )
  await desk.start()
  const request = {
    transactionUid: '1.2.3',
    references: [{ sopClassUid: '1.2', sopInstanceUid: '1.3' }],
    association: { callingAe: 'CT1', calledAe: 'TWIIN' },
    reply: async () => 0,
  } as unknown as CommitmentRequestReceived
  const answered: string[] = []
  const both = ['first', 'again'].map(async (which) => {
    await desk.commit(request)
    answered.push(which)
  })
  await turn()
  expect(answered).toEqual([])
  onDisk.resolve()
  await Promise.all(both)
  expect(answered.toSorted()).toEqual(['again', 'first'])
  await desk.stop()
})
