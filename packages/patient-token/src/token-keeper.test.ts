import { inspect } from 'node:util'
import { ManualClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import type { EvaluationRequest } from './evaluation.ts'
import { KeeperKey } from './keeper-key.ts'
import { TokenKeeper } from './token-keeper.ts'
import type { EvaluationRecord, QuotaCounter, QuotaCounters } from './token-keeper.ts'
import { blind, verify } from './voprf.ts'

const key = KeeperKey.generate()
const caller = { ura: '00000001', peerId: '12D3KooWexample' }
const points = (n: number) =>
  Array.from({ length: n }, (_, i) => blind(Uint8Array.of(i & 255, i >> 8)).blinded)
const request = (blinded: Uint8Array[], more: Partial<EvaluationRequest> = {}): EvaluationRequest => ({
  epoch: 1,
  purpose: 'publish',
  blinded,
  ...more,
})

/** As a durable counter behaves: every addition takes a while, one after the other. */
class SlowCounters implements QuotaCounters {
  readonly sums = new Map<string, number>()
  #last: Promise<string | undefined> = Promise.resolve(undefined)

  add(counters: readonly QuotaCounter[], day: string, n: number): Promise<string | undefined> {
    const turn = this.#last.then(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      const sumOf = (key: string) => (this.sums.get(`${key} ${day}`) ?? 0) + n
      const over = counters.find(({ key, limit }) => sumOf(key) > limit)
      if (over !== undefined) return over.key
      for (const { key } of counters) this.sums.set(`${key} ${day}`, sumOf(key))
      return undefined
    })
    this.#last = turn
    return turn
  }
}

function setUp(quota = { node: 100, user: 10 }) {
  const clock = new ManualClock()
  const counters = new SlowCounters()
  const records: EvaluationRecord[] = []
  const keeper = new TokenKeeper(
    { epoch: 1, nodeQuota: (ura) => (ura === caller.ura ? quota.node : 0), userQuota: quota.user },
    { key, clock, counters, record: async (entry) => void records.push(entry) },
  )
  return { clock, counters, records, keeper }
}

describe('a token keeper', () => {
  it('answers a full batch with one proof for its published key', async () => {
    const { keeper } = setUp({ node: 5000, user: 0 })
    const blinded = points(1024)
    const answer = await keeper.evaluate(caller, request(blinded))
    expect(answer.keeper).toBe(1)
    expect(await verify(key.publicKey, blinded, answer.evaluated, answer.proof)).toBe(true)
  })

  it('gives not one evaluation more than the quota, also to a hundred requests at once', async () => {
    const { keeper, records } = setUp({ node: 50, user: 1000 })
    const one = points(3)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => keeper.evaluate(caller, request(one.slice(0, 1 + (i % 3))))),
    )
    const granted = outcomes.reduce(
      (sum, o) => sum + (o.status === 'fulfilled' ? o.value.evaluated.length : 0),
      0,
    )
    expect(granted).toBe(50)
    const counted = records.filter(({ outcome }) => outcome === 'granted')
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(50)
    expect(records).toHaveLength(100)
  })

  it('counts by node, by user and by day: one user over quota does not use up the hospital', async () => {
    const { keeper, clock, counters } = setUp({ node: 15, user: 10 })
    const lookup = (n: number, user?: string) =>
      keeper.evaluate(caller, request(points(n), { purpose: 'lookup', ...(user ? { user } : {}) }))
    await lookup(10, 'u1')
    await expect(lookup(1, 'u1')).rejects.toMatchObject({
      code: 'TOKEN_QUOTA_EXCEEDED',
      facts: { of: 'user' },
    })
    expect([...counters.sums.values()]).toEqual([10, 10])
    await lookup(5, 'u2')
    await expect(lookup(1, 'u3')).rejects.toMatchObject({
      code: 'TOKEN_QUOTA_EXCEEDED',
      facts: { of: 'node' },
    })
    // Nor does a hospital over quota leave a counter for every user it makes up.
    expect([...counters.sums.keys()].filter((key) => key.includes('u3'))).toEqual([])
    await clock.advance(24 * 3600_000)
    await lookup(10)
    // Leaving the user out is no way around: all such lookups are one user's.
    await expect(lookup(1)).rejects.toMatchObject({ code: 'TOKEN_QUOTA_EXCEEDED', facts: { of: 'user' } })
  })

  it('gives a stranger nothing', async () => {
    const { keeper } = setUp()
    const stranger = { ...caller, ura: '00000099' }
    await expect(keeper.evaluate(stranger, request(points(1)))).rejects.toMatchObject({
      code: 'TOKEN_QUOTA_EXCEEDED',
    })
  })

  it('puts every request on record before it answers, refusals too; no record, no answer', async () => {
    const { keeper, records } = setUp()
    await keeper.evaluate(caller, request(points(2), { purpose: 'lookup', user: 'u1' }))
    await expect(keeper.evaluate(caller, request([]))).rejects.toThrow('TOKEN_REQUEST_INVALID')
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/) as string
    expect(records).toEqual([
      {
        ...caller,
        at: expect.any(Number) as number,
        epoch: 1,
        purpose: 'lookup',
        user: 'u1',
        count: 2,
        outcome: 'granted',
        requestHash: sha256,
      },
      {
        ...caller,
        at: expect.any(Number) as number,
        epoch: 1,
        purpose: 'publish',
        count: 0,
        outcome: 'refused',
        reason: 'TOKEN_REQUEST_INVALID',
        requestHash: sha256,
      },
    ])
    const fullDisk = new TokenKeeper(
      { epoch: 1, nodeQuota: () => 100, userQuota: 100 },
      {
        key,
        clock: new ManualClock(),
        counters: new SlowCounters(),
        record: () => Promise.reject(new Error('disk full')),
      },
    )
    await expect(fullDisk.evaluate(caller, request(points(1)))).rejects.toThrow('disk full')
  })

  const [good = key.publicKey] = points(1)
  const malformed: [string, Partial<EvaluationRequest>][] = [
    ['the identity', { blinded: [good, new Uint8Array(32)] }],
    [
      'a point that is not canonical (bit 255)',
      { blinded: [Uint8Array.from(good, (b, i) => (i === 31 ? b | 128 : b))] },
    ],
    ['31 bytes', { blinded: [good.slice(1)] }],
    ['33 bytes', { blinded: [new Uint8Array(33)] }],
    ['an empty batch', { blinded: [] }],
    ['a batch of 1025', { blinded: Array.from({ length: 1025 }, () => good) }],
    ['a user that is no pseudonym', { user: 'a b' }],
    ['a user of 65 characters', { user: 'a'.repeat(65) }],
    ['another purpose', { purpose: 'other' as 'lookup' }],
  ]
  it.each(malformed)('refuses %s with the one code for all, and counts nothing', async (_name, more) => {
    const { keeper, counters } = setUp({ node: 5000, user: 5000 })
    const refused = keeper.evaluate(caller, request([good], more))
    await expect(refused).rejects.toMatchObject({ message: 'TOKEN_REQUEST_INVALID' })
    expect(counters.sums.size).toBe(0)
  })

  const offCurve = () => new Uint8Array(32).fill(3)

  it('counts a batch with no point of the group before it finds that out, and refuses it with the same code', async () => {
    const { keeper, counters, records } = setUp({ node: 10, user: 10 })
    const refused = keeper.evaluate(caller, request([good, offCurve()]))
    await expect(refused).rejects.toMatchObject({ message: 'TOKEN_REQUEST_INVALID' })
    expect([...counters.sums.values()]).toEqual([2])
    expect(records.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['refused', 'TOKEN_REQUEST_INVALID'],
    ])
  })

  it('does no arithmetic for who is over quota, and lets others have their turn while it does some', async () => {
    const { keeper } = setUp({ node: 1024, user: 0 })
    const batch = [...points(1023), offCurve()]
    let turns = 0
    let over = false
    const count = () => {
      turns++
      if (!over) setImmediate(count)
    }
    setImmediate(count)
    await expect(keeper.evaluate(caller, request(batch))).rejects.toThrow('TOKEN_REQUEST_INVALID')
    over = true
    expect(turns).toBeGreaterThan(30)
    // Were a point looked at first, this would be TOKEN_REQUEST_INVALID.
    await expect(keeper.evaluate(caller, request(batch))).rejects.toThrow('TOKEN_QUOTA_EXCEEDED')
  })

  it('says so when it has no key for the epoch', async () => {
    const { keeper, counters } = setUp()
    await expect(keeper.evaluate(caller, request(points(1), { epoch: 2 }))).rejects.toMatchObject({
      code: 'TOKEN_EPOCH_UNKNOWN',
    })
    expect(counters.sums.size).toBe(0)
  })
})

describe('a keeper key', () => {
  it('is restored from its 32 bytes, and refused when they are no scalar', () => {
    expect(KeeperKey.fromBytes(key.bytes).publicKey).toEqual(key.publicKey)
    for (const bad of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(32).fill(255)]) {
      expect(() => KeeperKey.fromBytes(bad)).toThrow('KEEPER_KEY_INVALID')
    }
  })

  it('does not show its secret to a log line, and is not changed through a copy', () => {
    const [first = 0, second = 0] = key.bytes
    const shown = JSON.stringify(key) + inspect(key, { depth: 9, showHidden: true })
    expect(shown).not.toContain(`${first}, ${second}`)
    expect(shown).not.toContain(`"0":${first},"1":${second}`)
    const before = Buffer.from(key.bytes).toString('hex')
    key.bytes.fill(0)
    expect(Buffer.from(key.bytes).toString('hex')).toBe(before)
  })
})
