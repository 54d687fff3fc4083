import { entryHeader, limits } from '@twiin/protocol'
import type { EntryHeader, IndexRequest, WireEntry } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import type { Facts } from '@twiin/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IndexReplica, bucketOf, replicasOf } from './index.ts'
import type { EntryRepository, StoredEntry } from './index.ts'
import { compareEntries } from './merge.ts'
import { bucketNumber } from './placement.ts'
import { markOf } from './sealed-entry.ts'
import { SimulatedIndexNetwork, entryOf, fakeKeys } from './testing.ts'

const dayMs = 86_400_000
const world = (options: Partial<ConstructorParameters<typeof SimulatedIndexNetwork>[0]> = {}) => {
  const net = new SimulatedIndexNetwork({ nodes: 3, bits: 0, ...options })
  const today = () => Math.floor(net.clock.now() / dayMs)
  const [a, b] = [net.node(0), net.node(1)]
  const put = (...entries: WireEntry[]) => a.replica.answer(b.member.peerId, { kind: 'put', entries })
  return { net, a, b, put, today, publisher: b.member.peerId }
}
/** Counts the ranges and the entries that are read from now on. */
function countReads(repository: EntryRepository) {
  const reads = { ranges: 0, items: 0 }
  async function* counted<T>(source: AsyncIterable<T>) {
    reads.ranges++
    for await (const item of source) {
      reads.items++
      yield item
    }
  }
  const marks = repository.marks.bind(repository)
  const entries = repository.entries.bind(repository)
  repository.marks = (range) => counted(marks(range))
  repository.entries = (range) => counted(entries(range))
  return reads
}
const resigned = (entry: WireEntry, part: Partial<EntryHeader>): WireEntry => {
  const header = entryHeader.encode({ ...entryHeader.decode(entry.header), ...part })
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.byteLength)
  const signer = fakeKeys.signer(markOf({ ...entry, header }).publisher)
  return {
    header,
    body: entry.body,
    signature: signer.sign('twiin/entry/v1', Buffer.concat([length, header, entry.body])),
  }
}

describe('a replica refuses, each with its code,', () => {
  it('everything from who is no member', async () => {
    const { a } = world()
    const answer = await a.replica.answer(fakeKeys.peerId('stranger'), { kind: 'digest', buckets: [] })
    expect(answer).toEqual({ kind: 'refused', reason: 'NOT_A_MEMBER' })
  })

  it('an entry of an unknown or revoked publisher, or of a wrong shape, signature, epoch or date', async () => {
    const { net, put, today, publisher } = world()
    const good = { publisher, patient: 'p', seq: 1, issued: today() }
    const other = net.node(2).member.peerId
    net.membership.revoke(other)
    const cases: [WireEntry, string][] = [
      [{ ...entryOf(good), header: new Uint8Array(40) }, 'ENTRY_INVALID'],
      [{ ...entryOf(good), body: new Uint8Array(600) }, 'ENTRY_INVALID'],
      [{ ...entryOf({ ...good, gone: true }), body: new Uint8Array(528) }, 'ENTRY_INVALID'],
      [resigned(entryOf(good), { expires: today() + 91 }), 'ENTRY_INVALID'],
      [entryOf({ ...good, issued: today() + 2 }), 'ENTRY_INVALID'],
      [entryOf({ ...good, publisher: fakeKeys.peerId('stranger') }), 'PUBLISHER_UNKNOWN'],
      [entryOf({ ...good, publisher: other }), 'PUBLISHER_REVOKED'],
      [{ ...entryOf(good), signature: new Uint8Array(64) }, 'SIGNATURE_INVALID'],
      [entryOf({ ...good, epoch: 2 }), 'EPOCH_UNKNOWN'],
      [entryOf({ ...good, issued: today() - 91 }), 'ENTRY_EXPIRED'],
      [entryOf({ ...good, issued: today() - 121, gone: true }), 'ENTRY_EXPIRED'],
    ]
    expect(await put(...cases.map(([entry]) => entry))).toEqual({
      kind: 'put',
      results: cases.map(([, reason]) => ({ outcome: 'refused', reason })),
    })
  })

  it('and says so in its log: one line for each reason, with the sender', async () => {
    const { net, a, publisher, today } = world()
    const lines: Facts[] = []
    const log = { ...silentLogger, warn: (_event: string, facts: Facts = {}) => void lines.push(facts) }
    const { membership, clock } = net
    const { repository, member } = a
    const replica = new IndexReplica(member, { repository, membership, clock, log, verify: fakeKeys.verify })
    const entry = (of: string, patient: string) =>
      entryOf({ publisher: of, patient, seq: 1, issued: today() })
    const revoked = net.node(2).member.peerId
    membership.revoke(revoked)
    const stranger = fakeKeys.peerId('stranger')
    const entries = [
      ...[entry(stranger, 'p'), entry(stranger, 'q')],
      ...[entry(revoked, 'p'), entry(publisher, 'p')],
    ]
    await replica.answer(publisher, { kind: 'put', entries })
    expect(lines).toEqual([
      { peerId: publisher, code: 'PUBLISHER_UNKNOWN', entries: 2 },
      { peerId: publisher, code: 'PUBLISHER_REVOKED', entries: 1 },
    ])
  })

  it('an entry of a bucket it is no replica of', async () => {
    const { net, put, today, a } = world({ nodes: 10, bits: 8, replicas: 2 })
    const members = net.membership.current().members.map(({ peerId }) => peerId)
    const entries = Array.from({ length: 50 }, (_, i) =>
      entryOf({ publisher: members[1] ?? '', patient: `p${i}`, seq: 1, issued: today() }),
    )
    const expected = entries.map((entry) =>
      replicasOf(bucketOf(markOf(entry).loc, 1, 8), members, 2).includes(a.member.peerId)
        ? { outcome: 'stored' }
        : { outcome: 'refused', reason: 'NOT_RESPONSIBLE' },
    )
    expect(new Set(expected.map(({ outcome }) => outcome)).size).toBe(2)
    expect(await put(...entries)).toEqual({ kind: 'put', results: expected })
  })

  it('what is over the quota of its publisher, but not a change of what stands', async () => {
    const { put, today, publisher } = world({ declaredPatients: 0, bits: 8 })
    const wish = (i: number, seq = 1) =>
      entryOf({ publisher, patient: `p${i}`, seq, issued: today(), gone: true })
    for (const start of [0, 500]) await put(...Array.from({ length: 500 }, (_, i) => wish(start + i)))
    expect(await put(wish(1000), wish(0, 2))).toEqual({
      kind: 'put',
      results: [{ outcome: 'refused', reason: 'QUOTA_EXCEEDED' }, { outcome: 'stored' }],
    })
  })

  it('what one publisher puts into one bucket beyond its share, and nobody else for it', async () => {
    const { net, a, put, today, publisher } = world({ declaredPatients: 10 })
    const wish = (i: number, by = publisher) =>
      entryOf({ publisher: by, patient: `p${i}`, seq: 1, issued: today(), gone: true })
    const many = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => wish(from + i))
    const stored = async (entries: WireEntry[]) => {
      const answer = await put(...entries)
      if (answer.kind !== 'put') throw new Error(answer.kind)
      return answer.results.filter(({ outcome }) => outcome === 'stored').length
    }
    // 3 × 10 patients in the only bucket there is, and 50.
    expect(await stored(many(0, 40))).toBe(40)
    expect(await stored(many(40, 140))).toBe(40)
    expect(await stored([wish(140), wish(0), wish(141, net.node(2).member.peerId)])).toBe(2)
    await a.replica.forget([markOf(wish(7))])
    expect(await stored(many(150, 160))).toBe(1)
    // Two buckets of 3 × 5 and 50, with eighty in them already.
    net.membership.change({ bits: 1 })
    expect(await stored(many(160, 400))).toBe(50)
  })

  it('a bucket wider than a bundle earlier or later would cut it', async () => {
    const { a, b } = world({ bits: 8 })
    const bucket = (bits: number) => ({ epoch: 1, bits, prefix: new Uint8Array(4) })
    const ask = (request: IndexRequest) => a.replica.answer(b.member.peerId, request)
    const refused = { kind: 'refused', reason: 'BUCKET_INVALID' }
    for (const kind of ['get', 'summary'] as const) {
      expect(await ask({ kind, bucket: bucket(6) })).toEqual(refused)
      for (const bits of [7, 8, 9, 32])
        expect(await ask({ kind, bucket: bucket(bits) })).toMatchObject({ kind })
    }
    for (const [bits, kind] of [
      ...[[6, 'refused'] as const, [7, 'digest'] as const],
      ...[[9, 'digest'] as const, [10, 'refused'] as const],
    ])
      expect(await ask({ kind: 'digest', buckets: [bucket(8), bucket(bits)] })).toMatchObject({ kind })
  })

  it('everything while its disk does, and stays alive', async () => {
    const { a, put, today, publisher } = world()
    a.repository.putAll = async () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    const answer = await put(entryOf({ publisher, patient: 'p', seq: 1, issued: today() }))
    expect(answer).toEqual({ kind: 'refused', reason: 'OUT_OF_RESOURCES' })
  })

  it('a page cursor that is none', async () => {
    const { a, b } = world()
    const bucket = { epoch: 1, bits: 0, prefix: new Uint8Array(4) }
    const answer = await a.replica.answer(b.member.peerId, { kind: 'get', bucket, after: new Uint8Array(5) })
    expect(answer).toEqual({ kind: 'refused', reason: 'CURSOR_INVALID' })
  })
})

describe('a replica keeps', () => {
  it('the highest number: an older one is stale, the same again is stored', async () => {
    const { put, today, publisher } = world()
    const wish = { publisher, patient: 'p', issued: today() }
    const [first, gone] = [entryOf({ ...wish, seq: 1 }), entryOf({ ...wish, seq: 2, gone: true })]
    expect(await put(first, gone, first, gone)).toEqual({
      kind: 'put',
      results: [
        { outcome: 'stored' },
        { outcome: 'stored' },
        { outcome: 'stale', seq: 2 },
        { outcome: 'stored' },
      ],
    })
  })

  it('what two requests at once bring, whichever was quicker', async () => {
    const { a, put, today, publisher } = world()
    const wish = { publisher, patient: 'p', issued: today() }
    await Promise.all([3, 1, 2].map((seq) => put(entryOf({ ...wish, seq }))))
    const { epoch, loc } = markOf(entryOf({ ...wish, seq: 1 }))
    expect((await a.repository.get({ epoch, loc, publisher }))?.mark.seq).toBe(3)
  })

  it('the same, whatever the order in which entries come, and how often', async () => {
    const wish = fc.record({
      publisher: fc.constantFrom(0, 1, 2),
      patient: fc.constantFrom('p', 'q'),
      seq: fc.integer({ min: 1, max: 4 }),
      issued: fc.constantFrom(20_444, 20_445),
      gone: fc.boolean(),
    })
    const kept = async (entries: WireEntry[]) => {
      const { a, put } = world()
      for (const entry of entries) await put(entry)
      const all: string[] = []
      for await (const mark of a.repository.marks()) {
        const stored = await a.repository.get(mark)
        all.push(Buffer.from(stored?.entry.signature ?? []).toString('hex'))
      }
      return all
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(wish, { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        async (wishes, order) => {
          const { net } = world()
          const entries = wishes.map((one) =>
            entryOf({ ...one, publisher: net.node(one.publisher).member.peerId }),
          )
          const shuffled = entries
            .map((entry) => ({ entry, at: Number(order.next().value) }))
            .toSorted((x, y) => x.at - y.at)
            .map(({ entry }) => entry)
          expect(await kept([...shuffled, ...entries])).toEqual(await kept(entries))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('by an order in which the number counts first, and a tombstone wins a tie', () => {
    const stored = (gone: boolean, seq = 4): StoredEntry => {
      const entry = entryOf({ publisher: fakeKeys.peerId('a'), patient: 'p', seq, issued: 20_000, gone })
      return { mark: markOf(entry), entry }
    }
    expect(compareEntries(stored(true), stored(false))).toBeGreaterThan(0)
    expect(compareEntries(stored(false), stored(true))).toBeLessThan(0)
    expect(compareEntries(stored(true), stored(true))).toBe(0)
    expect(compareEntries(stored(false, 5), stored(true, 4))).toBeGreaterThan(0)
    expect(compareEntries(stored(false, 300), stored(false, 4))).toBeGreaterThan(0)
  })
})

describe('a replica answers', () => {
  it('a bucket in pages that fit the wire, each entry once', async () => {
    const { a, b, put, today, publisher } = world()
    for (let start = 0; start < 2500; start += 500) {
      const entries = Array.from({ length: 500 }, (_, i) =>
        entryOf({ publisher, patient: `p${start + i}`, seq: 1, issued: today(), gone: true }),
      )
      await put(...entries)
    }
    const bucket = { epoch: 1, bits: 0, prefix: new Uint8Array(4) }
    const sizes: number[] = []
    const seen = new Set<string>()
    let after: Uint8Array | undefined
    do {
      const request =
        after === undefined ? { kind: 'get' as const, bucket } : { kind: 'get' as const, bucket, after }
      const answer = await a.replica.answer(b.member.peerId, request)
      if (answer.kind !== 'get') throw new Error(answer.kind)
      sizes.push(answer.entries.length)
      for (const entry of answer.entries) seen.add(Buffer.from(markOf(entry).loc).toString('hex'))
      after = answer.next
    } while (after !== undefined)
    expect(sizes).toEqual([limits.indexEntriesPerPage, limits.indexEntriesPerPage, 500])
    expect(seen.size).toBe(2500)
  })

  it('a thousand times the same question with the work of one', async () => {
    const { a, b, put, today, publisher } = world({ bits: 1 })
    await put(...[1, 2, 3].map((i) => entryOf({ publisher, patient: `p${i}`, seq: 1, issued: today() })))
    const reads = countReads(a.repository)
    for (const bits of [0, 1, 2, 0]) {
      const buckets = Array.from({ length: 1000 }, () => ({ epoch: 1, bits, prefix: new Uint8Array(4) }))
      const answer = await a.replica.answer(b.member.peerId, { kind: 'digest', buckets })
      expect(answer.kind === 'digest' && answer.digests.length).toBe(1000)
    }
    expect(reads.ranges).toBeLessThanOrEqual(4)
  })

  it('a thousand buckets that are mostly empty with the work of those that are not', async () => {
    const { a, b, put, today, publisher } = world({ bits: 10 })
    await put(...[1, 2, 3].map((i) => entryOf({ publisher, patient: `p${i}`, seq: 1, issued: today() })))
    const reads = countReads(a.repository)
    const buckets = Array.from({ length: 1000 }, (_, number) => bucketNumber(1, 10, number))
    const ask = async (some: typeof buckets) => {
      const answer = await a.replica.answer(b.member.peerId, { kind: 'digest', buckets: some })
      return answer.kind === 'digest' ? answer.digests : []
    }
    const together = await ask(buckets)
    expect(reads.ranges).toBeLessThanOrEqual(2 * 3 + 1)
    const apart = await Promise.all(buckets.map(async (bucket) => (await ask([bucket]))[0]))
    expect(apart).toEqual(together)
    expect(await ask(buckets.toReversed())).toEqual(together.toReversed())
  })

  it('digests of what it has now, in whatever width they are asked for', async () => {
    const { a, b, put, today, publisher } = world({ bits: 1 })
    const buckets = [{ epoch: 1, bits: 0, prefix: new Uint8Array(4) }]
    const ask = async () => a.replica.answer(b.member.peerId, { kind: 'digest', buckets })
    await put(entryOf({ publisher, patient: 'p', seq: 1, issued: today() }))
    const before = await ask()
    await put(entryOf({ publisher, patient: 'p', seq: 2, issued: today() }))
    expect(await ask()).not.toEqual(before)
  })

  it('nobody who is gone', async () => {
    const { a, b, put, today, publisher } = world()
    await put(...[1, 2, 3].map((i) => entryOf({ publisher, patient: `p${i}`, seq: 1, issued: today() })))
    const reads = countReads(a.repository)
    const gone = AbortSignal.abort(new Error('gone'))
    const bucket = { epoch: 1, bits: 0, prefix: new Uint8Array(4) }
    const requests: IndexRequest[] = [
      ...(['get', 'summary'] as const).map((kind) => ({ kind, bucket })),
      { kind: 'digest', buckets: [bucket] },
    ]
    for (const request of requests)
      expect(await a.replica.answer(b.member.peerId, request, gone)).toMatchObject({ kind: 'refused' })
    expect(reads.items).toBeLessThanOrEqual(3)
  })

  it('without what expired, and without the entries of a revoked publisher', async () => {
    const { net, a, b, put, today, publisher } = world()
    const c = net.node(2).member.peerId
    await put(
      entryOf({ publisher, patient: 'p', seq: 1, issued: today() - 80 }),
      entryOf({ publisher: c, patient: 'p', seq: 1, issued: today() }),
    )
    const bucket = { epoch: 1, bits: 0, prefix: new Uint8Array(4) }
    const publishers = async () => {
      const answer = await a.replica.answer(b.member.peerId, { kind: 'get', bucket })
      return answer.kind === 'get' ? answer.entries.map((entry) => markOf(entry).publisher).toSorted() : []
    }
    expect(await publishers()).toEqual([publisher, c].toSorted())
    net.membership.revoke(c)
    expect(await publishers()).toEqual([publisher])
    await net.clock.advance(11 * dayMs)
    expect(await publishers()).toEqual([])
  })
})
