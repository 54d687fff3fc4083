import { entryHeader } from '@twiin/protocol'
import { describe, expect, it } from 'vitest'
import { IndexReader, bucketOf, deriveLocation, replicasOf } from './index.ts'
import type { Found, IndexNetwork } from './index.ts'
import { SimulatedIndexNetwork, entryOf, fakeKeys, tokenOf } from './testing.ts'

const dayOf = (net: SimulatedIndexNetwork) => Math.floor(net.clock.now() / 86_400_000)
const readerAt = (net: SimulatedIndexNetwork, at: number, network?: IndexNetwork) =>
  new IndexReader(
    {},
    {
      network: network ?? net.node(at).network,
      membership: net.membership,
      verify: fakeKeys.verify,
      clock: net.clock,
    },
  )
const replicasFor = (net: SimulatedIndexNetwork, patient: string) => {
  const { members, bits, replicas, epoch } = net.membership.current()
  const bucket = bucketOf(deriveLocation(tokenOf(patient), epoch), epoch, bits)
  const peers = members.map(({ peerId }) => peerId)
  return replicasOf(bucket, peers, replicas)
}
async function publish(
  net: SimulatedIndexNetwork,
  patient: string,
  publisher: string,
  seq = 1,
  gone = false,
) {
  const entry = entryOf({ publisher, patient, seq, issued: dayOf(net), gone })
  for (const peerId of replicasFor(net, patient)) {
    const replica = net.nodes.find(({ member }) => member.peerId === peerId)?.replica
    await replica?.answer(publisher, { kind: 'put', entries: [entry] })
  }
  return entry
}
async function whileTimePasses<T>(net: SimulatedIndexNetwork, promise: Promise<T>): Promise<T> {
  let over = false
  void promise.finally(() => (over = true)).catch(() => {})
  for (let i = 0; i < 100 && !over; i++) {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    await net.clock.advance(350)
  }
  return promise
}

describe('a reader', () => {
  it('with 39 of 130 nodes dead finds at least 99.9 % of what seven replicas keep', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 130, bits: 11, declaredPatients: 100_000 })
    const patients = Array.from({ length: 2000 }, (_, i) => `patient ${i}`)
    const publisher = net.node(0).member.peerId
    for (const patient of patients) await publish(net, patient, publisher)
    const others = net.nodes.slice(1).map(({ member }) => member.peerId)
    others.slice(0, 20).forEach((peerId) => net.blackHoled.add(peerId))
    others.slice(20, 39).forEach((peerId) => net.down.add(peerId))
    const reader = readerAt(net, 129)
    const started = net.clock.now()
    let found = 0
    for (let at = 0; at < patients.length; at += 100) {
      const results: Promise<Found>[] = patients
        .slice(at, at + 100)
        .map((patient) => reader.find(tokenOf(patient)))
      const all = await whileTimePasses(net, Promise.all(results))
      found += all.filter(({ publishers }) => publishers[0]?.peerId === publisher).length
    }
    expect(found / patients.length).toBeGreaterThanOrEqual(0.999)
    // Twenty rounds, each over when its slowest search is: five seconds at the most.
    expect(net.clock.now() - started).toBeLessThanOrEqual(20 * 5600)
  })

  it('asks three, and one more for each that is down or silent', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 20 })
    await publish(net, 'p', net.node(0).member.peerId)
    const replicas = replicasFor(net, 'p')
    const outsider = net.nodes.findIndex(({ member }) => !replicas.includes(member.peerId))
    const reader = readerAt(net, outsider)
    const { asked, answered } = await reader.find(tokenOf('p'))
    expect({ asked, answered }).toEqual({ asked: 3, answered: 3 })
    net.down.add(replicas[0] ?? '')
    net.blackHoled.add(replicas[1] ?? '')
    const later = await whileTimePasses(net, reader.find(tokenOf('p')))
    expect(later.publishers).toHaveLength(1)
    expect({ asked: later.asked, answered: later.answered }).toEqual({ asked: 5, answered: 3 })
  })

  it('says so when nobody answered: that is not the same as nothing found', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    net.nodes.forEach(({ member }, i) => (i % 2 === 0 ? net.down : net.blackHoled).add(member.peerId))
    const away = net.node(0).network
    const other: IndexNetwork = {
      ask: (peerId, request, signal) =>
        peerId === net.node(0).member.peerId
          ? Promise.reject(new Error('down'))
          : away.ask(peerId, request, signal),
    }
    const result = await whileTimePasses(net, readerAt(net, 0, other).find(tokenOf('p')))
    expect(result).toEqual({ publishers: [], asked: 7, answered: 0 })
  })

  it('takes the highest number of all answers: one replica with an older state does no harm', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const publisher = net.node(0).member.peerId
    const behind = replicasFor(net, 'p')[0] ?? ''
    const node = net.nodes.find(({ member }) => member.peerId === behind)
    const old = await publish(net, 'p', publisher, 1)
    await publish(net, 'p', publisher, 2, true)
    await node?.repository.putAll([
      { mark: { ...(await firstMark(net, behind)), seq: 1, tombstone: false }, entry: old },
    ])
    expect((await readerAt(net, 7).find(tokenOf('p'))).publishers).toEqual([])
  })

  it('believes no replica: forged, foreign, expired and repeated entries do not count', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 3, bits: 0 })
    const publisher = net.node(0).member.peerId
    const good = { publisher, patient: 'p', seq: 1, issued: dayOf(net) }
    const forged = [
      { ...entryOf(good), signature: new Uint8Array(64) },
      entryOf({ ...good, publisher: fakeKeys.peerId('stranger') }),
      entryOf({ ...good, issued: dayOf(net) - 91 }),
      entryOf({ ...good, patient: 'q' }),
    ]
    for (const entry of forged) {
      const liar: IndexNetwork = { ask: async () => ({ kind: 'get', entries: [entry] }) }
      expect(await readerAt(net, 1, liar).find(tokenOf('p'))).toEqual({
        publishers: [],
        asked: 3,
        answered: 3,
      })
    }
    let asked = 0
    const endless: IndexNetwork = {
      ask: async () => (
        asked++,
        { kind: 'get', entries: [entryOf(good)], next: new Uint8Array(40).fill(0x31) }
      ),
    }
    // The entry is signed, so it counts, whoever sent it; such an answer does not.
    const found = await readerAt(net, 1, endless).find(tokenOf('p'))
    expect(found.publishers.map(({ peerId }) => peerId)).toEqual([publisher])
    expect({ answered: found.answered, asked }).toEqual({ answered: 0, asked: 6 })
  })

  it.each([
    ['and who told of this patient has answered', 1, 3],
    ['and who did not get so far has not', 8, 0],
  ])('uses what came of an answer that does not end, %s', async (_, at, answered) => {
    const net = new SimulatedIndexNetwork({ nodes: 3, bits: 0 })
    const publisher = net.node(0).member.peerId
    const patients = byLocation(10)
    const pages = patients.map((patient) => entryOf({ publisher, patient, seq: 1, issued: dayOf(net) }))
    const slow: IndexNetwork = {
      ask: async (_peer, request, signal) => {
        const page = request.kind === 'get' ? (request.after?.[0] ?? 0) : 0
        if (page < 5)
          return { kind: 'get', entries: pages.slice(page, page + 1), next: Uint8Array.of(page + 1) }
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('gone')), { once: true })
        })
      },
    }
    const finding = readerAt(net, 1, slow).find(tokenOf(patients[at] ?? ''))
    const found = await whileTimePasses(net, finding)
    expect(found.publishers.map(({ peerId }) => peerId)).toEqual(answered > 0 ? [publisher] : [])
    expect(found.answered).toBe(answered)
  })

  it('reads a bucket to its end, so that no replica learns from the pages where it found its patient', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 3, bits: 0 })
    const publisher = net.node(0).member.peerId
    const patients = byLocation(10)
    const pages = patients.map((patient) => entryOf({ publisher, patient, seq: 1, issued: dayOf(net) }))
    for (const patient of [patients[0], patients[5], patients[9], 'nobody']) {
      let asked = 0
      const curious: IndexNetwork = {
        ask: async (_peer, request) => {
          asked++
          const page = request.kind === 'get' ? (request.after?.[0] ?? 0) : 0
          const next = page + 1 < pages.length ? { next: Uint8Array.of(page + 1) } : {}
          return { kind: 'get', entries: pages.slice(page, page + 1), ...next }
        },
      }
      await readerAt(net, 1, curious).find(tokenOf(patient ?? ''))
      expect(asked).toBe(30)
    }
  })

  it('cuts off a replica that sends without end', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 3, bits: 0 })
    const [entry] = [
      entryOf({ publisher: net.node(0).member.peerId, patient: 'q', seq: 1, issued: dayOf(net) }),
    ]
    const header = entryHeader.decode(entry.header)
    let asked = 0
    const endless: IndexNetwork = {
      ask: async (_peer, request) => {
        asked++
        const page = request.kind === 'get' ? (request.after?.[0] ?? 0) : 0
        const entries = Array.from({ length: 400 }, (_, i) => {
          const loc = new Uint8Array(32)
          new DataView(loc.buffer).setUint32(4, page * 400 + i)
          return { ...entry, header: entryHeader.encode({ ...header, loc }), body: new Uint8Array(16_400) }
        })
        return { kind: 'get', entries, next: Uint8Array.of(page + 1) }
      },
    }
    const found = await readerAt(net, 1, endless).find(tokenOf('p'))
    expect(found).toEqual({ publishers: [], asked: 3, answered: 0 })
    // 64 MiB in pages of 6.5 MB each.
    expect(asked).toBe(3 * 11)
  })

  it('ends when its caller does', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    net.nodes.forEach(({ member }) => net.blackHoled.add(member.peerId))
    const caller = new AbortController()
    const found = readerAt(net, 0).find(tokenOf('p'), caller.signal)
    caller.abort(new Error('gone'))
    await expect(found).rejects.toThrow('gone')
  })
})

/** Patients in the order of their locations. */
const byLocation = (count: number) =>
  Array.from({ length: count }, (_, i) => `p${i}`).toSorted((a, b) =>
    Buffer.compare(deriveLocation(tokenOf(a), 1), deriveLocation(tokenOf(b), 1)),
  )

async function firstMark(net: SimulatedIndexNetwork, peerId: string) {
  const node = net.nodes.find(({ member }) => member.peerId === peerId)
  for await (const mark of node?.repository.marks() ?? []) return mark
  throw new Error('nothing kept')
}
