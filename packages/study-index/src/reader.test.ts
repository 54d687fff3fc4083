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
    expect(await readerAt(net, 1, endless).find(tokenOf('p'))).toMatchObject({ publishers: [], answered: 0 })
    expect(asked).toBe(6)
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

async function firstMark(net: SimulatedIndexNetwork, peerId: string) {
  const node = net.nodes.find(({ member }) => member.peerId === peerId)
  for await (const mark of node?.repository.marks() ?? []) return mark
  throw new Error('nothing kept')
}
