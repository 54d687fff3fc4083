import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { receiveStudy } from './index.ts'
import type { TransferProgress } from './index.ts'
import { TransferWorld, receiverId } from './testing/transfer-world.ts'

const never = new AbortController().signal
const KiB = 1024
const options = { recipient: receiverId, lanes: 1 }
const total = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0)
const expectIdentical = (world: TransferWorld) => {
  expect(world.store.committed.size).toBe(world.data.length)
  for (const [i, bytes] of world.data.entries()) {
    const arrived = world.store.committed.get(`1.2.3.${i + 1}`)
    expect(Buffer.compare(arrived ?? new Uint8Array(1), bytes)).toBe(0)
  }
  expect(world.store.openNow).toBe(0)
  expect(world.budget.used).toBe(0)
}

/** 200 instances around every size that matters to framing. */
const mixed = Array.from({ length: 200 }, (_, i) =>
  i % 20 === 0 ? 700 * KiB + i : ([0, 1, 13, 64 * KiB, 64 * KiB + 1, 300 * KiB, 4096][i % 7] ?? 0),
)

describe('a study', () => {
  for (const lanes of [1, 4])
    it(`of 200 instances of mixed sizes arrives identical over ${lanes} lanes`, async () => {
      const world = new TransferWorld({ sizes: mixed })
      const seen: TransferProgress[] = []
      const deps = {
        ...world.receiveDeps(),
        onProgress: (progress: TransferProgress) => void seen.push(progress),
      }
      const received = await receiveStudy({ ...options, lanes }, deps, never)
      await world.holdersDone()
      expectIdentical(world)
      expect(world.channels).toBe(Math.min(lanes, Math.ceil(total(mixed) / (8 * KiB * KiB))))
      expect(received).toEqual({
        manifestDigest: new Uint8Array(
          createHash('sha256')
            .update(world.manifests[0] ?? '')
            .digest(),
        ),
        instances: 200,
        bytes: total(mixed),
      })
      expect(seen.at(-1)).toEqual({
        instances: { done: 200, total: 200 },
        bytes: { done: total(mixed), total: total(mixed) },
      })
      expect(seen.every(({ bytes }) => bytes.done >= 0 && bytes.done <= bytes.total)).toBe(true)
      expect(world.store.written).toBe(total(mixed))
      expect(world.served.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total(mixed))
      expect(world.served.every(({ cut }) => cut === undefined)).toBe(true)
    })

  it('that grew after the first attempt is completed, and what was verified is not sent again', async () => {
    const first = new TransferWorld({ sizes: [5000, 6000] })
    await receiveStudy(options, first.receiveDeps(), never)
    const grown = new TransferWorld({ sizes: [5000, 6000, 7000] })
    await receiveStudy(options, { ...grown.receiveDeps(), store: first.store }, never)
    await grown.holdersDone()
    expect(first.store.committed.size).toBe(3)
    expect(grown.served[0]?.bytes).toBe(7000)
  })

  it('that is all here already takes a manifest and nothing else', async () => {
    const world = new TransferWorld({ sizes: [100, 200] })
    await receiveStudy(options, world.receiveDeps(), never)
    await receiveStudy({ ...options, lanes: 8 }, world.receiveDeps(), never)
    await world.holdersDone()
    expect(world.served.map(({ bytes }) => bytes)).toEqual([300, 0])
  })
})

describe('a transfer that is cut', () => {
  const sizes = [900 * KiB, 10, 200 * KiB, 0, 64 * KiB, 64 * KiB + 5, 1300 * KiB]

  for (const lanes of [1, 3])
    it(`after every few frames goes on until it is complete, over ${lanes} lanes, repeating next to nothing`, async () => {
      const world = new TransferWorld({ sizes, faults: () => ({ cutAtFrame: 6 }) })
      let attempts = 0
      for (; world.store.committed.size < sizes.length && attempts < 100; attempts++) {
        const outcome = await receiveStudy({ ...options, lanes }, world.receiveDeps(), never).then(
          () => 'complete',
          (error: { code: string }) => error.code,
        )
        if (world.store.committed.size < sizes.length) expect(outcome).toBe('TRANSFER_CUT')
        expect(world.store.openNow).toBe(0)
      }
      await world.holdersDone()
      expectIdentical(world)
      expect(attempts).toBeGreaterThan(3)
      // Nothing that was stored was written again; what was on the way at a cut was sent again.
      expect(world.store.written).toBe(total(sizes))
      const sent = world.served.reduce((sum, { bytes }) => sum + bytes, 0)
      expect(sent - total(sizes)).toBeLessThanOrEqual(world.channels * 8 * 64 * KiB)
      expect(world.served.some(({ cut }) => cut === 'CHANNEL_CLOSED')).toBe(true)
    })

  it('at any frame at all is complete after the next attempt', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(70),
        fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 8 }),
        async (cutAtFrame, some) => {
          const world = new TransferWorld({
            sizes: some,
            faults: (channel) => (channel === 0 ? { cutAtFrame } : {}),
          })
          await receiveStudy(options, world.receiveDeps(), never).catch((error: { code: string }) => {
            expect(error.code).toBe('TRANSFER_CUT')
          })
          await receiveStudy(options, world.receiveDeps(), never)
          expectIdentical(world)
          expect(world.store.written).toBe(total(some))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('on one lane is finished by the others', async () => {
    const big = Array.from({ length: 40 }, () => 1000 * KiB)
    const world = new TransferWorld({
      sizes: big,
      faults: (channel) => (channel === 1 ? { cutAtFrame: 20 } : {}),
    })
    let last: TransferProgress | undefined
    const deps = {
      ...world.receiveDeps(),
      onProgress: (progress: TransferProgress) => void (last = progress),
    }
    await receiveStudy({ ...options, lanes: 4 }, deps, never)
    expect(world.channels).toBe(4)
    expectIdentical(world)
    expect(last?.bytes).toEqual({ done: total(big), total: total(big) })
  })

  it('by its own caller says so, and keeps what it has', async () => {
    const world = new TransferWorld({ sizes: [900 * KiB, 900 * KiB] })
    const caller = new AbortController()
    const deps = {
      ...world.receiveDeps(),
      onProgress: ({ bytes }: TransferProgress) =>
        bytes.done > 500 * KiB && caller.abort(new Error('stopping')),
    }
    await expect(receiveStudy(options, deps, caller.signal)).rejects.toThrow('stopping')
    expect(world.store.openNow).toBe(0)
    await receiveStudy(options, world.receiveDeps(), never)
    expectIdentical(world)
    expect(world.store.written).toBe(1800 * KiB)
  })
})

describe('a disk that fails', () => {
  it('to find what it said it had never passes for a complete study', async () => {
    const world = new TransferWorld({ sizes: [1000, 2000] })
    world.store.stored = async (instance) => instance.bytes
    const received = receiveStudy(options, world.receiveDeps(), never)
    await expect(received).rejects.toMatchObject({ code: 'TRANSFER_CUT' })
    expect(world.store.committed.size).toBe(0)
    await world.holdersDone()
  })

  it('is what the caller hears of, not that the transfer was cut', async () => {
    const world = new TransferWorld({ sizes: [200 * KiB, 200 * KiB] })
    const open = world.store.open.bind(world.store)
    world.store.open = async (instance) => ({
      ...(await open(instance)),
      commit: async () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    })
    await expect(receiveStudy(options, world.receiveDeps(), never)).rejects.toThrow('full')
    expect(world.store.committed.size).toBe(0)
    await world.holdersDone()
  })
})
