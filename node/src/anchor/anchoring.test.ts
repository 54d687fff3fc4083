import { cp, rm } from 'node:fs/promises'
import { NodeKey } from '@twiin/identity'
import { anchorAnswer, anchorRequest, auditHead, protocolIds } from '@twiin/protocol'
import type { AuditHeadMessage } from '@twiin/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestHospital, eventually, twoHospitals } from '../testing/test-hospital.ts'
import { verifyByPeerId } from '../trust/trust.ts'
import { Anchoring } from './anchoring.ts'
import { headsFromFile, hex } from './kept-heads.ts'

let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

const signs = (of: TestHospital) => of.ground.audit.anchoring.round()
const write = (of: TestHospital) => of.ground.account.record({ event: 'login', outcome: 'success' })

/** What `of` says to B in its own name, whatever its log says. */
async function claim(of: TestHospital, change: Partial<AuditHeadMessage>) {
  const { key, network } = of
  const head: AuditHeadMessage = {
    ...{ kind: 'head', keeper: key.peerId, witness: net.b.key.peerId, at: network.clock.now() },
    ...{ seq: 1, hash: Buffer.alloc(32, 1) },
    ...change,
  }
  const signed = auditHead.sign(head, key).bytes
  const bytes = await network.wire
    .host(key.peerId)
    .ask(net.b.key.peerId, protocolIds.anchor, anchorRequest.encode({ kind: 'anchor', signed }))
  return anchorAnswer.decode(bytes)
}

it('a head is signed by the other members, and both keep what both signed, also over a restart', async () => {
  await write(net.a)
  expect(await signs(net.a)).toBe(1)
  const head = await net.a.ground.auditLog.head()
  expect(await net.a.ground.audit.kept.heads()).toEqual([head])
  await net.b.restart()
  const [seen] = await net.b.ground.audit.anchorWitness.list()
  expect(seen).toMatchObject({ keeper: net.a.key.peerId, seq: head?.seq })
  await write(net.a)
  expect(await signs(net.a)).toBe(1)
  expect(await net.a.ground.audit.kept.heads()).toHaveLength(2)
  expect(net.a.ground.audit.anchoring.alarm).toBeUndefined()
})

it('a witness signs no head that is lower, another one of the same entry, or does not continue what it holds', async () => {
  for (let i = 0; i < 3; i++) await write(net.a)
  await signs(net.a)
  const { seq, hash } = (await net.a.ground.auditLog.head()) ?? { seq: 0, hash: '' }
  const held = { seq, hash: Buffer.from(hash, 'hex') }
  const other = { seq, hash: Buffer.alloc(32, 9) }
  expect(await claim(net.a, { ...other, seq: seq - 1, continues: held })).toMatchObject({
    reason: 'ANCHOR_BEHIND',
  })
  expect(await claim(net.a, { ...other, continues: held })).toMatchObject({ reason: 'ANCHOR_OTHER' })
  expect(await claim(net.a, { ...other, seq: seq + 5 })).toMatchObject({ reason: 'ANCHOR_NOT_CONTINUED' })
  expect(await claim(net.a, { ...other, seq: seq + 5, continues: other })).toMatchObject({
    reason: 'ANCHOR_NOT_CONTINUED',
  })
  const stale = net.network.clock.now() - 6 * 60_000
  expect(await claim(net.a, { ...held, at: stale, continues: held })).toMatchObject({
    reason: 'REQUEST_INVALID',
  })
  expect(await claim(net.a, { ...held, witness: net.a.key.peerId })).toMatchObject({
    reason: 'REQUEST_INVALID',
  })
  expect(await claim(net.a, { ...held, continues: held })).toMatchObject({ kind: 'seen' })
  // Whoever keeps such a log is on record, a few times in an hour.
  const refusals = async () =>
    (await net.b.audit('refused')).filter(({ protocol }) => protocol === 'spec 07 §8')
  const peer = { peerId: net.a.key.peerId, ura: '90000001' }
  expect(await refusals()).toMatchObject([
    { reason: 'ANCHOR_BEHIND', peer },
    { reason: 'ANCHOR_OTHER', peer },
    ...[{ reason: 'ANCHOR_NOT_CONTINUED' }, { reason: 'ANCHOR_NOT_CONTINUED' }],
  ])
  for (let i = 0; i < 4; i++) await claim(net.a, { ...other, continues: held })
  expect(await refusals()).toHaveLength(5)
})

it('a log that was rewritten, and that a member signed as if it went on, is found at the next start and by whoever asks that member', async () => {
  const { a, b, network } = net
  await write(a)
  await a.stop()
  const yesterday = `${a.dir}.yesterday`
  await cp(a.dir, yesterday, { recursive: true })
  await a.start()
  for (let i = 0; i < 3; i++) await write(a)
  await signs(a)
  const { seq = 0, hash = '' } = (await a.ground.auditLog.head()) ?? {}
  await a.stop()
  await rm(a.dir, { recursive: true })
  await cp(yesterday, a.dir, { recursive: true })
  network.clock.moveOn(2 * 3_600_000)
  await a.start()
  // Other entries in their place, and the head of those, said to continue what was signed.
  for (let i = 0; i < 5; i++) await write(a)
  const forged = (await a.ground.auditLog.head()) ?? { seq: 0, hash: '' }
  const continues = { seq, hash: Buffer.from(hash, 'hex') }
  const claimed = { seq: forged.seq, hash: Buffer.from(forged.hash, 'hex'), continues }
  expect(await claim(a, claimed)).toMatchObject({ kind: 'seen' })
  await a.restart()
  await a.ground.audit.anchoring.start()
  const alarm = await eventually(() => a.ground.audit.anchoring.alarm)
  expect(alarm).toMatchObject({ code: 'AUDIT_ROLLED_BACK', firstBad: seq })
  await a.ground.audit.anchoring.stop()
  const held = await b.ground.audit.anchorWitness.list(a.key.peerId)
  const cosigned = headsFromFile(JSON.stringify({ held }), a.key.peerId, verifyByPeerId)
  expect(await a.ground.auditLog.verify(undefined, cosigned)).toMatchObject({
    ...{ ok: false, why: 'NOT_AS_COSIGNED', firstBad: seq },
  })
})

it('a member that was away at the start is asked when it is there', async () => {
  const { a, b, network } = net
  await write(a)
  await signs(a)
  await a.restart()
  const asked: string[] = []
  let isThere = false
  network.wire.host(b.key.peerId).answer(protocolIds.anchor, {}, async (bytes) => {
    asked.push(anchorRequest.decode(bytes).kind)
    if (!isThere) throw new Error('away')
    return anchorAnswer.encode({ kind: 'held' })
  })
  await a.ground.audit.anchoring.start()
  await eventually(() => asked.length > 0)
  await a.ground.audit.anchoring.stop()
  expect(asked).not.toContain('kept')
  isThere = true
  network.clock.moveOn(20 * 60_000)
  await a.ground.audit.anchoring.start()
  await eventually(() => asked.includes('kept'))
  await a.ground.audit.anchoring.stop()
})

it('a stranger is told nothing, and another’s head is not taken', async () => {
  const stranger = NodeKey.generate()
  const host = net.network.wire.host(stranger.peerId)
  const bytes = await host.ask(net.b.key.peerId, protocolIds.anchor, anchorRequest.encode({ kind: 'held' }))
  expect(anchorAnswer.decode(bytes)).toEqual({ kind: 'refused', reason: 'NOT_A_MEMBER' })
  const signed = auditHead.sign(
    {
      ...{ kind: 'head', keeper: net.a.key.peerId, witness: net.b.key.peerId, at: net.network.clock.now() },
      ...{ seq: 1, hash: Buffer.alloc(32, 1) },
    },
    stranger,
  ).bytes
  const asked = host.ask(
    net.b.key.peerId,
    protocolIds.anchor,
    anchorRequest.encode({ kind: 'anchor', signed }),
  )
  expect(anchorAnswer.decode(await asked)).toMatchObject({ reason: 'NOT_A_MEMBER' })
})

it('a node whose whole folder was put back says so as soon as it meets a member that saw more', async () => {
  const { a } = net
  await write(a)
  await signs(a)
  await a.stop()
  const yesterday = `${a.dir}.yesterday`
  await cp(a.dir, yesterday, { recursive: true })
  await a.start()
  for (let i = 0; i < 3; i++) await write(a)
  await signs(a)
  const { seq = 0 } = (await a.ground.auditLog.head()) ?? {}
  await a.stop()
  await rm(a.dir, { recursive: true })
  await cp(yesterday, a.dir, { recursive: true })
  await a.start()
  const { anchoring, chain, kept } = a.ground.audit
  expect(await a.ground.auditLog.verify()).toMatchObject({ ok: true })
  // Whatever was written since, and however much: it is another log.
  for (let i = 0; i < 5; i++) await write(a)
  expect(await signs(a)).toBe(0)
  expect(anchoring.alarm).toMatchObject({ code: 'AUDIT_ROLLED_BACK', firstBad: seq })
  expect(await chain.check()).toMatchObject({ ok: false })
  // The head it had not any more bears its own signature; with it the whole log is judged, also without the peer.
  expect(await a.ground.auditLog.verify(undefined, await kept.heads())).toMatchObject({
    ok: false,
    why: 'NOT_AS_COSIGNED',
  })
  await a.restart()
  a.online = false
  await a.ground.audit.anchoring.start()
  const alarm = () => a.ground.audit.anchoring.alarm
  expect(await eventually(alarm)).toMatchObject({ code: 'AUDIT_ROLLED_BACK' })
  await a.ground.audit.anchoring.stop()
  a.online = true
})

it('who holds a head that this node never signed raises no alarm', async () => {
  await write(net.a)
  const lie = NodeKey.generate()
  const head = auditHead.sign(
    {
      ...{ kind: 'head', keeper: net.a.key.peerId, witness: net.b.key.peerId, at: 1 },
      ...{ seq: 99, hash: Buffer.alloc(32, 1) },
    },
    lie,
  ).bytes
  net.network.wire
    .host(net.b.key.peerId)
    .answer(protocolIds.anchor, {}, async () => anchorAnswer.encode({ kind: 'held', head }))
  expect(await signs(net.a)).toBe(0)
  expect(net.a.ground.audit.anchoring.alarm).toBeUndefined()
  expect(hex(new Uint8Array([1]))).toBe('01')
})

it('its stop hands over what was written since', async () => {
  await write(net.a)
  await net.a.ground.audit.anchoring.start()
  await eventually(async () => (await net.b.ground.audit.anchorWitness.list()).length > 0)
  await write(net.a)
  const head = await net.a.ground.auditLog.head()
  await net.a.ground.audit.anchoring.stop()
  expect(await net.b.ground.audit.anchorWitness.list()).toMatchObject([
    { seq: head?.seq },
    // And the first of the day, which stays.
    { keeper: net.a.key.peerId },
  ])
})

it('the list of all members goes back thirty days, that of one to the beginning, and no member is left out', async () => {
  const { a, b, network } = net
  await using c = await TestHospital.open({ ura: '90000003', name: 'C' }, network)
  for (let day = 0; day < 34; day++) {
    await write(a)
    await signs(a)
    network.clock.moveOn(12 * 3_600_000)
    await write(a)
    await signs(a)
    network.clock.moveOn(12 * 3_600_000)
  }
  const { anchorWitness } = b.ground.audit
  const listed = await anchorWitness.list()
  // The newest, and the first of 30 days.
  expect(new Set(listed.map(({ seq }) => seq)).size).toBe(listed.length)
  expect(listed.length).toBeGreaterThanOrEqual(30)
  expect(listed.length).toBeLessThanOrEqual(32)
  expect((await anchorWitness.list(a.key.peerId)).length).toBe(68)
  await write(c)
  expect(await signs(c)).toBe(2)
  const keepers = (await anchorWitness.list()).map(({ keeper }) => keeper)
  expect(new Set(keepers)).toEqual(new Set([a.key.peerId, c.key.peerId]))
})

/** A's anchoring with these members, drawn in this order where nothing else tells them apart. */
const anchoringWith = (others: string[]) => {
  const { ground, key, network } = net.a
  let lots = 0
  return new Anchoring(
    { everyMs: 3_600_000 },
    {
      ...{ log: ground.auditLog, kept: ground.audit.kept, host: ground.host, signer: key },
      ...{ verify: verifyByPeerId, clock: network.clock, logger: ground.log, others: () => others },
      random: (bytes) => Buffer.from(String(lots++).padStart(2 * bytes, '0'), 'hex'),
    },
  )
}

it('members that never answer do not stand in front for ever, however many they are', async () => {
  await write(net.a)
  const mute = Array.from({ length: 15 }, () => NodeKey.generate().peerId)
  const anchoring = anchoringWith([...mute, net.b.key.peerId])
  expect(await anchoring.round()).toBe(0)
  net.network.clock.moveOn(3_600_000)
  expect(await anchoring.round()).toBe(1)
})

it('a node whose head nobody signed for a day says so and since when, until somebody does', async () => {
  const { a, b, network } = net
  await write(a)
  const others: string[] = []
  const anchoring = anchoringWith(others)
  network.clock.moveOn(25 * 3_600_000)
  // Alone it is no fault of anybody.
  await anchoring.round()
  expect(anchoring.unanchored).toBeUndefined()
  const since = network.clock.now()
  others.push(NodeKey.generate().peerId)
  network.clock.moveOn(23 * 3_600_000)
  await anchoring.round()
  expect(anchoring.unanchored).toBeUndefined()
  network.clock.moveOn(3_600_000)
  await anchoring.round()
  expect(anchoring.unanchored?.code).toBe('AUDIT_NOT_ANCHORED')
  expect(Math.abs((anchoring.unanchored?.since ?? 0) - since)).toBeLessThan(60_000)
  others.push(b.key.peerId)
  await anchoring.round()
  expect(anchoring.unanchored).toBeUndefined()
  const signedAt = (await a.ground.audit.kept.lastSignedAt()) ?? 0
  expect(Math.abs(network.clock.now() - signedAt)).toBeLessThan(60_000)
})
