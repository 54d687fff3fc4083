import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { gossipAnswer, gossipRequest, protocolIds } from '@twiin/protocol'
import type { Bundle, GossipRequest } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { WiredHost } from '../testing/wire.ts'
import { Gossip } from './gossip.ts'
import type { NetworkView } from './network-view.ts'

const witnesses = [NodeKey.generate(), NodeKey.generate()]
let network: TestNetwork
let members: Gossiper[]

interface Gossiper {
  host: WiredHost
  view: NetworkView
  gossip: Gossip
}

/** Twelve members that hold one bundle and have nobody but each other. */
beforeEach(async () => {
  network = await TestNetwork.open()
  network.witnessing = {
    ...network.witnessing,
    ...{ phase: 'required', witnesses: witnesses.map(({ peerId }) => peerId) },
  }
  network.cosigners = witnesses
  const peerIds = Array.from({ length: 12 }, () => NodeKey.generate().peerId)
  for (const [i, peerId] of peerIds.entries())
    await network.join({ ura: `900000${String(i + 10)}`, name: `Member ${i}`, peerId })
  const first = await network.document()
  members = await Promise.all(peerIds.map((peerId) => member(peerId, first)))
})
afterEach(async () => {
  await Promise.all(members.map(({ gossip }) => gossip.stop()))
  await network[Symbol.asyncDispose]()
})

async function member(peerId: string, first: Uint8Array): Promise<Gossiper> {
  const dir = join(network.dir, peerId)
  await mkdir(dir)
  const view = network.view({ dir })
  await view.bundle.accept(first)
  const host = network.wire.host(peerId)
  const { bundle, logView } = view
  const gossip = new Gossip(
    { peerId, roundMs: 3_600_000 },
    {
      bundle,
      logView,
      host,
      clock: network.clock,
      log: silentLogger,
      random: (bytes) => NodeKey.generate().seed.subarray(0, bytes),
    },
  )
  host.answer(protocolIds.bundle, {}, async (bytes, from) => gossip.answer(bytes, from))
  await gossip.start()
  return { host, view, gossip }
}
const at = (i: number) => {
  const found = members[i]
  if (found === undefined) throw new Error('no such member')
  return found
}
const everybody = (look: (view: NetworkView) => boolean) => () => members.every(({ view }) => look(view))
const tellTo = async (i: number, request: GossipRequest, from: string) =>
  gossipAnswer.decode(at(i).gossip.answer(gossipRequest.encode(request), from))
const revoked = (peerId: string): Partial<Bundle> => ({
  revoked: [{ peerId, serial: 'ab', state: 'revoked', at: 1, reason: 'keyCompromise' }],
})

describe('a newer bundle that one member got', () => {
  it('is everywhere at once, though each tells only a few', async () => {
    const document = await network.document()
    await at(0).view.bundle.accept(document)
    const { version } = at(0).view.bundle
    await eventually(everybody(({ bundle }) => bundle.version === version))
    const told = network.wire.hosts.get(at(0).host.peerId)?.asked.length ?? 0
    expect(told).toBeLessThanOrEqual(6 + 2)
  })

  it('that only restricts travels just as well, and is whole everywhere when it is somewhere', async () => {
    const { peerId } = NodeKey.generate()
    let content: Bundle | undefined
    const bare = await network.document(revoked(peerId), (bundle) => {
      content = bundle
      return network.log.published(bundle)
    })
    expect(await at(3).view.bundle.accept(bare)).toBe('restricting')
    await eventually(everybody(({ bundle }) => bundle.cutOf(peerId) === 'revoked'))
    expect(members.every(({ view }) => !view.bundle.held.isWhole)).toBe(true)
    await at(5).view.bundle.accept(await network.document())
    expect(at(5).view.bundle.version).toBeGreaterThan(content?.version ?? 0)
    await eventually(everybody(({ bundle }) => bundle.held.isWhole && bundle.cutOf(peerId) === undefined))
  })

  it('reaches who was away, by a comparison that either side begins', async () => {
    at(1).host.isUp = false
    at(2).host.isUp = false
    await at(0).view.bundle.accept(await network.document())
    const { version } = at(0).view.bundle
    await eventually(() =>
      members.every(({ view }, i) => i === 1 || i === 2 || view.bundle.version === version),
    )
    at(1).host.isUp = true
    await at(1).gossip.compare()
    expect(at(1).view.bundle.version).toBe(version)
    at(2).host.isUp = true
    for (const { gossip } of members) await gossip.compare()
    await eventually(() => at(2).view.bundle.version === version)
  })

  it('is fetched whole from who has the one between, by who holds a higher one that only restricts', async () => {
    const between = await network.document()
    const bare = await network.document({}, (bundle) => network.log.published(bundle))
    const others = members.slice(1)
    for (const { host } of others) host.isUp = false
    await at(0).view.bundle.accept(bare)
    at(1).host.isUp = true
    at(0).host.isUp = false
    await at(1).view.bundle.accept(between)
    await at(1).view.bundle.accept(bare)
    at(0).host.isUp = true
    await eventually(async () => {
      await at(0).gossip.compare()
      return at(0).view.bundle.version === at(1).view.bundle.version
    })
  })
})

describe('two lists of the log', () => {
  it('that one member saw are distrusted by all', async () => {
    const fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    fork.append({ act: 'another' })
    const { logView } = at(4).view
    logView.note(network.log.checkpoint(), 'registry')
    logView.note(fork.checkpoint(), 'credential')
    await eventually(everybody(({ logView }) => logView.distrust !== undefined))
  })

  it('are found by two members of whom each saw one', async () => {
    const fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    fork.append({ act: 'another' })
    for (const [i, { view }] of members.entries())
      view.logView.note((i % 2 === 0 ? network.log : fork).checkpoint(), 'registry')
    for (const { gossip } of members) await gossip.compare()
    await eventually(everybody(({ logView }) => logView.distrust !== undefined))
  })

  it('that are none convince nobody', async () => {
    const { peerId } = at(1).host
    const first = network.log.checkpoint()
    for (const second of [first, 'nonsense', network.log.checkpoint([], 1)])
      expect(await tellTo(0, { kind: 'contradiction', first, second }, peerId)).toMatchObject({
        kind: 'noted',
      })
    expect(at(0).view.logView.distrust).toBeUndefined()
  })
})

describe('a peer that tells nonsense', () => {
  it('of a bundle it does not have is asked once, and not listened to for a minute', async () => {
    const liar = at(1)
    let pulls = 0
    liar.host.answer(protocolIds.bundle, {}, async () => {
      pulls++
      return gossipAnswer.encode({ kind: 'newer', bundle: Buffer.alloc(1000) })
    })
    const tell = { kind: 'tell', version: 2 ** 50, isWhole: true, checkpoint: '' } as const
    for (let i = 0; i < 10; i++) await tellTo(0, tell, liar.host.peerId)
    await eventually(() => pulls > 0)
    await tellTo(0, tell, liar.host.peerId)
    // The line in this test is in memory: what would be asked is asked by now.
    await new Promise((resolve) => setImmediate(resolve))
    expect(pulls).toBe(1)
    network.clock.moveOn(61_000)
    await tellTo(0, tell, liar.host.peerId)
    await eventually(() => pulls === 2)
    expect(at(0).view.bundle.held.isWhole).toBe(true)
  })

  it('too often is refused, and nobody else is', async () => {
    const tell = { kind: 'tell', version: 1, isWhole: true, checkpoint: '' } as const
    const [noisy, quiet] = [at(1).host.peerId, at(2).host.peerId]
    const answers = []
    for (let i = 0; i < 30; i++) answers.push((await tellTo(0, tell, noisy)).kind)
    expect(answers.filter((kind) => kind === 'refused').length).toBeGreaterThanOrEqual(8)
    expect(await tellTo(0, tell, quiet)).toMatchObject({ kind: 'noted' })
    const pull = { kind: 'pull', version: 0, isWhole: true, checkpoint: '' } as const
    const bundles = []
    for (let i = 0; i < 8; i++) bundles.push((await tellTo(0, pull, quiet)).kind)
    expect(bundles.filter((kind) => kind === 'newer').length).toBe(4)
  })

  it('in no form at all gets no answer', () => {
    for (const bytes of [new Uint8Array(), Buffer.alloc(21 * 1024), Buffer.from('tell me')])
      expect(() => at(0).gossip.answer(bytes, at(1).host.peerId)).toThrow(/^MESSAGE_/)
  })
})
