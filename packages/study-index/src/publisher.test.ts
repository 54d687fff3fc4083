import type { WireEntry } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { IndexPublisher, IndexReader, markOf } from './index.ts'
import type { IndexNetwork, Placed } from './index.ts'
import {
  MemoryPublicationState,
  SimulatedIndexNetwork,
  aStudy,
  entryOf,
  fakeKeys,
  tokenOf,
} from './testing.ts'

const dayMs = 86_400_000
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

function publisherAt(net: SimulatedIndexNetwork, at: number, state = new MemoryPublicationState()) {
  const { member, network } = net.node(at)
  const deps = {
    signer: fakeKeys.signer(member.peerId),
    verify: fakeKeys.verify,
    network,
    membership: net.membership,
    state,
    clock: net.clock,
    log: silentLogger,
    random,
  }
  return { publisher: new IndexPublisher({}, deps), state, deps }
}
async function readAt(net: SimulatedIndexNetwork, at: number, token: Uint8Array) {
  const deps = {
    network: net.node(at).network,
    membership: net.membership,
    verify: fakeKeys.verify,
    clock: net.clock,
  }
  const found = await new IndexReader({}, deps).find(token)
  return found.publishers.map(({ peerId }) => peerId)
}
/** Lets time pass until the promise is kept. */
async function whileTimePasses<T>(
  net: SimulatedIndexNetwork,
  promise: Promise<T>,
  stepMs = 1000,
): Promise<T> {
  let over = false
  void promise.finally(() => (over = true)).catch(() => {})
  for (let i = 0; i < 1000 && !over; i++) {
    await net.clock.advance(stepMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return promise
}
const token = tokenOf('patient')

describe('a publisher', () => {
  it('is found by everybody once its wanted state is settled, and two in one location both', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 12 })
    for (const at of [0, 1]) {
      const { publisher } = publisherAt(net, at)
      await publisher.start()
      await publisher.want('p', token, [aStudy])
      expect((await publisher.settled('p')).stored).toHaveLength(7)
      await publisher.stop()
    }
    const both = [net.node(0), net.node(1)].map(({ member }) => member.peerId).toSorted()
    for (const at of [0, 5, 11]) expect((await readAt(net, at, token)).toSorted()).toEqual(both)
    expect(await readAt(net, 2, tokenOf('somebody else'))).toEqual([])
  })

  it('has promised as soon as `want` resolved: what a crash cut off is published after the next start', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 12 })
    const before = publisherAt(net, 0)
    await before.publisher.want('p', token, [aStudy])
    expect(await readAt(net, 3, token)).toEqual([])
    const after = publisherAt(net, 0, before.state)
    await after.publisher.start()
    expect((await after.publisher.settled('p')).stored).toHaveLength(7)
    expect(await readAt(net, 3, token)).toEqual([net.node(0).member.peerId])
    await after.publisher.stop()
  })

  it('withdraws on every live replica at once, and on the others when they are back', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const { publisher } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    const { stored } = await publisher.settled('p')
    const lost = stored.filter((peerId) => peerId !== net.node(0).member.peerId).slice(0, 2)
    for (const peerId of lost) net.down.add(peerId)
    await publisher.want('p', token, undefined)
    const placed = await publisher.settled('p')
    expect(placed.away.toSorted()).toEqual(lost.toSorted())
    expect(placed.stored).toHaveLength(5)
    expect(await tombstonedAt(net)).toBe(5)
    expect(publisher.status().waitingFor.map(({ reason }) => reason)).toEqual([
      'PEER_UNREACHABLE',
      'PEER_UNREACHABLE',
    ])
    net.down.clear()
    await whileTimePasses(net, everywhere(publisher, 7))
    expect(await tombstonedAt(net)).toBe(7)
    expect(publisher.status()).toEqual({ pending: 0, waitingFor: [] })
    await publisher.stop()
  })

  it('tells withdrawals first when a replica is back', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 2 })
    const { publisher, deps } = publisherAt(net, 0)
    const puts: number[] = []
    const watched: IndexNetwork = {
      ask: (peerId, request, signal) => {
        if (request.kind === 'put' && peerId !== net.node(0).member.peerId)
          puts.push(request.entries[0]?.body.byteLength ?? -1)
        return deps.network.ask(peerId, request, signal)
      },
    }
    const other = new IndexPublisher({}, { ...deps, network: watched })
    await other.start()
    await other.want('old', tokenOf('old'), [aStudy])
    await other.settled('old')
    net.down.add(net.node(1).member.peerId)
    for (let i = 0; i < 5; i++) await other.want(`p${i}`, tokenOf(`p${i}`), [aStudy])
    await other.want('old', tokenOf('old'), undefined)
    await other.settled('old')
    net.down.clear()
    puts.length = 0
    await whileTimePasses(net, everywhere(other, 2, 'old'))
    expect(puts[0]).toBe(0)
    await other.stop()
    await publisher.stop()
  })

  it('does nothing when what is wanted stands already', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const { publisher, state } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.settled('p')
    const before = state.publications.get('p')
    await publisher.want('p', token, [{ ...aStudy }])
    expect(state.publications.get('p')).toBe(before)
    await publisher.want('p', token, [{ ...aStudy, size: 1000 }])
    await publisher.settled('p')
    expect(state.publications.get('p')?.entries[0]?.seq).toBe(2)
    await publisher.stop()
  })

  it('renews an entry thirty days before it expires', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const { publisher, state } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.settled('p')
    await publisher.stop()
    const expires = () => state.publications.get('p')?.entries[0]?.expires ?? 0
    const first = expires()
    for (const [days, renewed] of [
      [59, 0],
      [1, 60],
    ] as const) {
      await net.clock.advance(days * dayMs)
      await publisher.start()
      await publisher.want('q', tokenOf('q'), [])
      await publisher.settled('q')
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(expires()).toBe(first + renewed)
      await publisher.stop()
    }
  })

  it('goes on above the number that stands when its own memory was restored from before', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const first = publisherAt(net, 0)
    const backup = new MemoryPublicationState()
    await first.publisher.start()
    for (const size of [1, 10, 100]) {
      await first.publisher.want('p', token, [{ ...aStudy, size }])
      await first.publisher.settled('p')
      if (size === 1) await backup.putAll([...first.state.publications.values()])
    }
    await first.publisher.stop()
    const restored = publisherAt(net, 0, backup)
    await restored.publisher.start()
    await restored.publisher.want('p', token, undefined)
    await restored.publisher.settled('p')
    await whileTimePasses(net, everywhere(restored.publisher, 7))
    expect(restored.state.publications.get('p')?.entries[0]?.seq).toBe(4)
    expect(await readAt(net, 5, token)).toEqual([])
    await restored.publisher.stop()
  })

  it('does not believe a replica that claims a number without our signature', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 2 })
    const { state, deps } = publisherAt(net, 0)
    const liar: IndexNetwork = {
      ask: async (peerId, request, signal) =>
        request.kind === 'put' && peerId !== net.node(0).member.peerId
          ? {
              kind: 'put',
              results: request.entries.map(() => ({ outcome: 'stale', seq: Number.MAX_SAFE_INTEGER })),
            }
          : deps.network.ask(peerId, request, signal),
    }
    const publisher = new IndexPublisher({}, { ...deps, network: liar })
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    const placed = await publisher.settled('p')
    expect(placed.away).toEqual([net.node(1).member.peerId])
    expect(publisher.status().waitingFor[0]?.reason).toBe('STALE_UNPROVEN')
    expect(state.publications.get('p')?.entries[0]?.seq).toBe(1)
    await publisher.stop()
  })

  it('does not take back as a proof the entry that it just sent', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 2 })
    const { state, deps } = publisherAt(net, 0)
    let given: WireEntry[] = []
    const echo: IndexNetwork = {
      ask: async (peerId, request, signal) => {
        if (peerId === net.node(0).member.peerId) return deps.network.ask(peerId, request, signal)
        if (request.kind !== 'put') return { kind: 'get', entries: given }
        given = request.entries
        return { kind: 'put', results: given.map(() => ({ outcome: 'stale', seq: 1 })) }
      },
    }
    const publisher = new IndexPublisher({}, { ...deps, network: echo })
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.settled('p')
    expect(publisher.status().waitingFor[0]?.reason).toBe('STALE_UNPROVEN')
    for (let i = 0; i < 20; i++) await net.clock.advance(10_000)
    expect(state.publications.get('p')?.entries[0]?.seq).toBe(1)
    await publisher.stop()
  })

  it('takes its time when replicas show one lost entry after another', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 2 })
    const { member } = net.node(0)
    const { state, deps } = publisherAt(net, 0)
    const lost = Array.from({ length: 50 }, (_, i) =>
      entryOf({ publisher: member.peerId, patient: 'patient', seq: i + 2, issued: 20_000 }),
    )
    let standing = 0
    const hoarder: IndexNetwork = {
      ask: async (peerId, request, signal) => {
        if (peerId === member.peerId) return deps.network.ask(peerId, request, signal)
        if (request.kind !== 'put') return { kind: 'get', entries: lost.slice(standing, standing + 1) }
        const [first] = request.entries
        standing = first === undefined ? 0 : markOf(first).seq - 1
        return { kind: 'put', results: request.entries.map(() => ({ outcome: 'stale', seq: standing + 2 })) }
      },
    }
    const publisher = new IndexPublisher({}, { ...deps, network: hoarder })
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.settled('p')
    for (let i = 0; i < 60; i++) {
      await net.clock.advance(1000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    // 1, then above 2, 4, 6, … with pauses of 1, 2, 4, 8, 16 and 32 seconds.
    const seq = state.publications.get('p')?.entries[0]?.seq ?? 0
    expect(seq).toBeGreaterThan(1)
    expect(seq).toBeLessThanOrEqual(15)
    await publisher.stop()
  })

  it('publishes again after members, bits or epoch changed, and withdraws from both epochs', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8, replicas: 3 })
    const { publisher } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.settled('p')
    for (const change of [{ bits: 7 }, { epoch: 2 }]) {
      net.membership.change(change)
      await whileTimePasses(net, everywhere(publisher, 3))
      expect(await readAt(net, 4, token)).toEqual([net.node(0).member.peerId])
    }
    await publisher.want('p', token, undefined)
    await whileTimePasses(net, everywhere(publisher, 3))
    expect(await readAt(net, 4, token)).toEqual([])
    net.membership.change({ epoch: 1 })
    expect(await readAt(net, 4, token)).toEqual([])
    await publisher.stop()
  })

  it('moves a patient whose token was corrected: nothing stays under the old one', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const { publisher } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.want('p', tokenOf('corrected'), [aStudy])
    await publisher.settled('p')
    expect(await readAt(net, 4, token)).toEqual([])
    expect(await readAt(net, 4, tokenOf('corrected'))).toHaveLength(1)
    await publisher.stop()
  })

  it('forgets a withdrawal only when nobody can replay what came before it', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 8 })
    const { publisher, state } = publisherAt(net, 0)
    await publisher.start()
    await publisher.want('p', token, [aStudy])
    await publisher.want('p', token, undefined)
    await publisher.settled('p')
    for (const [days, left] of [
      [120, 1],
      [1, 0],
    ] as const) {
      await publisher.stop()
      await net.clock.advance(days * dayMs)
      await publisher.start()
      await publisher.want('q', tokenOf('q'), [])
      await publisher.settled('q')
      await new Promise((resolve) => setTimeout(resolve, 5))
      expect(state.publications.has('p') ? 1 : 0).toBe(left)
    }
    await publisher.stop()
  })

  it('fills 1,200 patients in batches, not one by one', async () => {
    const net = new SimulatedIndexNetwork({ nodes: 2 })
    const { deps, state } = publisherAt(net, 0)
    let asked = 0
    const counted: IndexNetwork = {
      ask: (peerId, request, signal) => {
        asked++
        return deps.network.ask(peerId, request, signal)
      },
    }
    const silent = publisherAt(net, 0, state).publisher
    for (let i = 0; i < 1200; i++) await silent.want(`p${i}`, tokenOf(`p${i}`), [aStudy])
    const publisher = new IndexPublisher({}, { ...deps, network: counted })
    await publisher.start()
    for (let i = 0; i < 1200; i += 100) await publisher.settled(`p${i}`)
    expect(asked).toBeLessThan(40)
    await publisher.stop()
  })
})

async function everywhere(publisher: IndexPublisher, replicas: number, key = 'p'): Promise<Placed> {
  for (;;) {
    const placed = await publisher.settled(key)
    if (placed.away.length === 0 && placed.stored.length >= replicas) return placed
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function tombstonedAt(net: SimulatedIndexNetwork): Promise<number> {
  let count = 0
  for (const { repository } of net.nodes)
    for await (const mark of repository.marks()) if (mark.tombstone) count++
  return count
}
