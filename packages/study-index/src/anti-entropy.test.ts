import { silentLogger } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { AntiEntropy, bucketOf, replicasOf } from './index.ts'
import { markOf } from './sealed-entry.ts'
import { SimulatedIndexNetwork, entryOf } from './testing.ts'
import type { EntryWish } from './testing/entries.ts'

const dayMs = 86_400_000
const never = new AbortController().signal

class World {
  readonly net: SimulatedIndexNetwork
  readonly #services = new Map<string, AntiEntropy>()

  constructor(options: ConstructorParameters<typeof SimulatedIndexNetwork>[0]) {
    this.net = new SimulatedIndexNetwork(options)
  }
  get today() {
    return Math.floor(this.net.clock.now() / dayMs)
  }
  service(at: number): AntiEntropy {
    const { member, replica, repository, network } = this.net.node(at)
    const known = this.#services.get(member.peerId)
    if (known !== undefined) return known
    const { membership, clock } = this.net
    const deps = { replica, repository, network, membership, clock, log: silentLogger }
    const service = new AntiEntropy({ peerId: member.peerId }, deps)
    this.#services.set(member.peerId, service)
    return service
  }
  async round() {
    const results = []
    for (const at of this.net.nodes.keys()) {
      if (!this.net.down.has(this.net.node(at).member.peerId))
        results.push(await this.service(at).round(never))
    }
    return results
  }
  replicasFor(wish: Partial<EntryWish>): string[] {
    const { members, bits, replicas } = this.net.membership.current()
    const peers = members.map(({ peerId }) => peerId)
    return replicasOf(bucketOf(markOf(this.entry(wish)).loc, 1, bits), peers, replicas)
  }
  entry(wish: Partial<EntryWish>) {
    const publisher = this.net.node(0).member.peerId
    return entryOf({ publisher, patient: 'p', seq: 1, issued: this.today, ...wish })
  }
  async put(wish: Partial<EntryWish>, to = this.replicasFor(wish)) {
    for (const peerId of to) {
      if (this.net.down.has(peerId)) continue
      const node = this.net.nodes.find(({ member }) => member.peerId === peerId)
      await node?.replica.answer(this.net.node(0).member.peerId, { kind: 'put', entries: [this.entry(wish)] })
    }
  }
  /** Who holds the entry, and under which number. */
  async held(wish: Partial<EntryWish>): Promise<Record<string, string>> {
    const held: Record<string, string> = {}
    for (const { member, repository } of this.net.nodes) {
      const stored = await repository.get(markOf(this.entry(wish)))
      if (stored !== undefined)
        held[member.peerId] = `${stored.mark.seq}${stored.mark.tombstone ? ' gone' : ''}`
    }
    return held
  }
}
const all = (peers: readonly string[], state: string) =>
  Object.fromEntries(peers.map((peerId) => [peerId, state]))

describe('anti-entropy', () => {
  it('brings a replica that was away what it missed, and takes from it what only it has', async () => {
    const world = new World({ nodes: 9, replicas: 3, bits: 2 })
    const [away = ''] = world.replicasFor({})
    world.net.down.add(away)
    for (let i = 0; i < 40; i++) await world.put({ patient: `p${i}` })
    world.net.down.delete(away)
    await world.put({ patient: 'only there' }, world.replicasFor({ patient: 'only there' }).slice(0, 1))
    await world.round()
    for (const patient of [...Array.from({ length: 40 }, (_, i) => `p${i}`), 'only there'])
      expect(await world.held({ patient })).toEqual(all(world.replicasFor({ patient }), '1'))
    const calm = await world.round()
    expect(calm.every(({ pulled, pushed, unreachable }) => pulled + pushed + unreachable === 0)).toBe(true)
  })

  it('sees a change in a bucket that was the same when it last looked', async () => {
    const world = new World({ nodes: 2, bits: 0 })
    const [a, b] = [world.net.node(0).member.peerId, world.net.node(1).member.peerId]
    await world.put({ patient: 'p' }, [a, b])
    await world.round()
    await world.put({ patient: 'q' }, [b])
    await world.round()
    expect(await world.held({ patient: 'q' })).toEqual(all([a, b], '1'))
  })

  it('repairs both sides, whichever of the two runs it', async () => {
    for (const runs of [0, 1]) {
      const world = new World({ nodes: 2, bits: 0 })
      const [a, b] = [world.net.node(0).member.peerId, world.net.node(1).member.peerId]
      await world.put({ patient: 'p' }, [a])
      await world.put({ patient: 'q', seq: 1 }, [a, b])
      await world.put({ patient: 'q', seq: 2 }, [b])
      await world.put({ patient: 'r', seq: 1 }, [a, b])
      await world.put({ patient: 'r', seq: 2, gone: true }, [a])
      const { pulled, pushed } = await world.service(runs).round(never)
      expect([pulled, pushed]).toEqual(runs === 0 ? [1, 2] : [2, 1])
      expect(await world.held({ patient: 'p' })).toEqual(all([a, b], '1'))
      expect(await world.held({ patient: 'q' })).toEqual(all([a, b], '2'))
      expect(await world.held({ patient: 'r' })).toEqual(all([a, b], '2 gone'))
    }
  })

  it('never lets the replay of an older entry undo a tombstone, on any replica', async () => {
    const world = new World({ nodes: 9, replicas: 5 })
    const replicas = world.replicasFor({})
    await world.put({ seq: 1 })
    const [away = '', empty = ''] = replicas
    world.net.down.add(away)
    await world.put({ seq: 2, gone: true })
    world.net.down.delete(away)
    const emptied = world.net.nodes.find(({ member }) => member.peerId === empty)
    await emptied?.replica.forget([markOf(world.entry({}))])
    await world.put({ seq: 1 })
    expect(new Set(Object.values(await world.held({})))).toEqual(new Set(['1', '2 gone']))
    await world.round()
    expect(await world.held({})).toEqual(all(replicas, '2 gone'))
    for (const day of [30, 60, 119]) {
      await world.net.clock.advance((startDay + day - world.today) * dayMs)
      await world.round()
      await world.put({ seq: 1, issued: startDay })
      expect(await world.held({})).toEqual(all(replicas, '2 gone'))
    }
    await emptied?.replica.forget([markOf(world.entry({}))])
    await world.round()
    expect(await world.held({})).toEqual(all(replicas, '2 gone'))
    await world.net.clock.advance(2 * dayMs)
    await world.round()
    await world.put({ seq: 1, issued: startDay })
    expect(await world.held({})).toEqual({})
  })

  it('gives a new member what it is now responsible for, and drops the rest a day later', async () => {
    const world = new World({ nodes: 6, replicas: 3, bits: 4 })
    const patients = Array.from({ length: 60 }, (_, i) => `p${i}`)
    for (const patient of patients) await world.put({ patient })
    const before = new Map(patients.map((patient) => [patient, world.replicasFor({ patient })]))
    const joined = world.net.join('newcomer').member.peerId
    await world.round()
    await world.round()
    const moved = patients.filter((patient) => world.replicasFor({ patient }).includes(joined))
    expect(moved.length).toBeGreaterThan(5)
    for (const patient of patients) {
      const held = Object.keys(await world.held({ patient }))
      expect(held.toSorted()).toEqual(
        [...new Set([...(before.get(patient) ?? []), ...world.replicasFor({ patient })])].toSorted(),
      )
    }
    await world.net.clock.advance(dayMs + 1)
    await world.round()
    for (const patient of patients)
      expect(await world.held({ patient })).toEqual(all(world.replicasFor({ patient }), '1'))
  })

  it('hands everything over when other bits make all buckets belong elsewhere, and not before it is taken', async () => {
    const world = new World({ nodes: 8, replicas: 1, bits: 1 })
    const patients = Array.from({ length: 40 }, (_, i) => `p${i}`)
    for (const patient of patients) await world.put({ patient })
    const oldReplicas = new Set(patients.flatMap((patient) => world.replicasFor({ patient })))
    world.net.membership.change({ bits: 6 })
    const newReplicas = new Set(patients.flatMap((patient) => world.replicasFor({ patient })))
    for (const peerId of newReplicas) if (!oldReplicas.has(peerId)) world.net.down.add(peerId)
    await world.round()
    await world.net.clock.advance(3 * dayMs)
    await world.round()
    for (const patient of patients)
      expect(Object.keys(await world.held({ patient })).length).toBeGreaterThan(0)
    world.net.down.clear()
    await world.round()
    await world.net.clock.advance(dayMs)
    await world.round()
    for (const patient of patients)
      expect(await world.held({ patient })).toEqual(all(world.replicasFor({ patient }), '1'))
  })

  it('forgets what a revoked publisher left, thirty days later', async () => {
    const world = new World({ nodes: 4, bits: 0 })
    await world.put({})
    world.net.membership.revoke(world.net.node(0).member.peerId)
    await world.service(1).round(never)
    await world.net.clock.advance(30 * dayMs)
    await world.service(1).round(never)
    expect(Object.keys(await world.held({}))).toContain(world.net.node(1).member.peerId)
    await world.net.clock.advance(dayMs)
    await world.service(1).round(never)
    expect(Object.keys(await world.held({}))).not.toContain(world.net.node(1).member.peerId)
  })

  it('runs by itself: soon when nobody could be reached, else after its interval', async () => {
    const world = new World({ nodes: 2, bits: 0 })
    const [self, other] = [world.net.node(0), world.net.node(1)]
    world.net.down.add(other.member.peerId)
    const service = world.service(0)
    await service.start()
    await world.put({ patient: 'p' }, [self.member.peerId])
    await settle()
    world.net.down.clear()
    await passing(world, 16_000)
    expect(Object.keys(await world.held({ patient: 'p' }))).toContain(other.member.peerId)
    await world.put({ patient: 'q' }, [self.member.peerId])
    await passing(world, 290_000)
    expect(Object.keys(await world.held({ patient: 'q' }))).not.toContain(other.member.peerId)
    await passing(world, 20_000)
    expect(Object.keys(await world.held({ patient: 'q' }))).toContain(other.member.peerId)
    await service.stop()
  })
})

const startDay = Math.floor(new SimulatedIndexNetwork({ nodes: 1 }).clock.now() / dayMs)

async function settle() {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}
async function passing(world: World, ms: number) {
  for (let passed = 0; passed < ms; passed += 2000) {
    await world.net.clock.advance(2000)
    await settle()
  }
}
