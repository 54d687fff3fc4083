import { NodeKey } from '@twiin/identity'
import {
  limits,
  protocolIds,
  searchAnswer,
  searchRequest,
  selfTestAnswer,
  selfTestRequest,
} from '@twiin/protocol'
import type { Bsn } from '@twiin/patient-token'
import { deriveLocation } from '@twiin/study-index'
import { describe, expect, it } from 'vitest'
import { begunRun, failed, holdings, nothingHeld, otherRun, run } from '../testing/self-test-run.ts'
import { eventually } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { verifyByPeerId } from '../trust/trust.ts'
import { syntheticStudy } from './synthetic-study.ts'

/** Replicas follow a withdrawal. */
async function nobodyFinds(number: Bsn, at: TestHospital): Promise<void> {
  const [token] = await at.index.keepers.tokens([number], 'lookup')
  const find = () => at.index.reader.find(token ?? new Uint8Array())
  await eventually(async () => (await find()).publishers.length === 0)
}

describe('a whole run', () => {
  it('shows over the protocols of every day that two nodes exchange, and leaves nothing behind', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    expect(await atA({ kind: 'echo' })).toEqual({ kind: 'echo', loop: true, pacs: true })

    const studyOfA = { kind: 'study', studyInstanceUid: syntheticStudy(run, a).studyInstanceUid }
    const studyOfB = { kind: 'study', studyInstanceUid: syntheticStudy(run, b).studyInstanceUid }
    expect(await atA({ kind: 'hold', peer: b })).toEqual(studyOfA)
    expect(await atB({ kind: 'find', peer: a })).toEqual(studyOfA)
    expect(await atB({ kind: 'hold', peer: a })).toEqual(studyOfB)
    expect(await atA({ kind: 'find', peer: b })).toEqual(studyOfB)

    expect(await atA({ kind: 'send', peer: b })).toEqual({ kind: 'sent', receipt: true })
    expect(await atB({ kind: 'received', peer: a })).toEqual({ kind: 'received', whole: true })
    expect(await atB({ kind: 'send', peer: a })).toEqual({ kind: 'sent', receipt: true })
    expect(await atA({ kind: 'received', peer: b })).toEqual({ kind: 'received', whole: true })

    expect(await atA({ kind: 'end' })).toEqual({ kind: 'ended' })
    expect(await atB({ kind: 'end' })).toEqual({ kind: 'ended' })
    for (const hospital of [net.a, net.b]) expect(await holdings(hospital)).toEqual(nothingHeld)
    const { number } = syntheticStudy(run, a)
    await nobodyFinds(number, net.b)
    expect(await net.a.index.ownTokens.get(1, number)).toBeUndefined()
    expect(await net.b.index.ownTokens.get(1, number)).toBeUndefined()
  })

  it('goes on between two members in testing, whom nobody answers otherwise', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    const { network } = net
    await network.publish({ members: network.members.map((member) => ({ ...member, state: 'testing' })) })
    await atA({ kind: 'hold', peer: b })
    expect(await atB({ kind: 'find', peer: a })).toMatchObject({ kind: 'study' })
    expect(await atA({ kind: 'send', peer: b })).toEqual({ kind: 'sent', receipt: true })
    expect(await atB({ kind: 'received', peer: a })).toEqual({ kind: 'received', whole: true })
  })

  it('is on record at both ends, part by part, with no number of anybody', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    await atA({ kind: 'hold', peer: b })
    await atB({ kind: 'find', peer: a })
    await atA({ kind: 'send', peer: b })
    await atB({ kind: 'received', peer: a })
    await atA({ kind: 'end' })
    await atB({ kind: 'end' })
    const parts = async (hospital: TestHospital) =>
      (await hospital.audit()).map(({ event, outcome, protocol }) => [
        event,
        outcome,
        protocol?.slice('spec 12 §2 '.length),
      ])
    const ok = (part: string) => ['self-test', 'success', part]
    expect(await parts(net.a)).toEqual(
      ['begin', 'hold', 'search', 'offer', 'release', 'receipt', 'withdraw'].map(ok),
    )
    expect(await parts(net.b)).toEqual(['begin', 'find', 'offer', 'receive', 'receipt'].map(ok))
    const text = JSON.stringify([await net.a.audit(), await net.b.audit()])
    expect(text).not.toContain(syntheticStudy(run, a).number)
    expect(text).toContain(Buffer.from(run).toString('hex'))
  })
})

describe('a node answers', () => {
  it('nobody but a keeper of the bundle', async () => {
    await using world = await begunRun()
    const { net, a } = world
    const bytes = selfTestRequest.encode({ kind: 'hello', run: otherRun })
    const asked = net.network.wire.host(net.b.key.peerId).ask(a, protocolIds.selfTest, bytes)
    await expect(asked).rejects.toThrow('PEER_REFUSED')
  })

  it('one run at a time, and nothing of a run that was not begun or is over', async () => {
    await using world = await begunRun()
    const { b, atA } = world
    expect(await atA({ kind: 'hello' }, otherRun)).toEqual(failed('BUSY'))
    expect(await atA({ kind: 'echo' }, otherRun)).toEqual(failed('BUSY'))
    expect(await atA({ kind: 'end' }, otherRun)).toEqual({ kind: 'ended' })
    expect(await atA({ kind: 'hello' })).toMatchObject({ kind: 'hello' })
    await atA({ kind: 'end' })
    expect(await atA({ kind: 'hold', peer: b })).toEqual(failed('RUN_UNKNOWN'))
    expect(await atA({ kind: 'hello' }, otherRun)).toMatchObject({ kind: 'hello' })
  })

  it('with its version and time, and a code to what is no request', async () => {
    await using world = await begunRun()
    const { net, a, atA } = world
    const { time, ...hello } = (await atA({ kind: 'hello' })) as { kind: 'hello'; time: number }
    expect(hello).toEqual({ kind: 'hello', version: '0.1.0' })
    expect(Math.abs(time - net.network.clock.now())).toBeLessThan(5000)
    const answer = await net.network.keeper.ask(a, protocolIds.selfTest, Uint8Array.of(0xff))
    expect(selfTestAnswer.decode(answer)).toEqual(failed('REQUEST_INVALID'))
    const long = await net.network.keeper.ask(a, protocolIds.selfTest, Buffer.alloc(limits.selfTestBytes + 1))
    expect(selfTestAnswer.decode(long)).toEqual(failed('REQUEST_INVALID'))
  })

  it('for one peer in a run, which must be a member', async () => {
    await using world = await begunRun()
    const { a, b, atA } = world
    const stranger = NodeKey.generate().peerId
    expect(await atA({ kind: 'find', peer: stranger })).toEqual(failed('PEER_UNKNOWN'))
    expect(await atA({ kind: 'received', peer: b })).toEqual({ kind: 'received', whole: false })
    expect(await atA({ kind: 'hold', peer: a })).toEqual(failed('PEER_OTHER'))
  })

  it('that its own DICOM port does not answer, and that the PACS does not', async () => {
    await using world = await begunRun()
    const { net, atA } = world
    await net.a.exchange.dimse.stop()
    await net.a.archive[Symbol.asyncDispose]()
    expect(await atA({ kind: 'echo' })).toEqual({ kind: 'echo', loop: false, pacs: false })
  })
})

describe('what is synthetic', () => {
  it('is not held when this hospital has somebody under that number', async () => {
    await using world = await begunRun()
    const { net, a, b, atA } = world
    const { number } = syntheticStudy(run, a)
    await net.a.receive({ patient: { id: '1', bsn: number, name: 'X', birthDate: '1960-01-01', sex: 'F' } })
    expect(await atA({ kind: 'hold', peer: b })).toEqual(failed('NUMBER_TAKEN'))
    await atA({ kind: 'end' })
    expect(await net.a.audit('withdraw')).toEqual([])
  })

  it('leaves a patient alone who came under that number during the run', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    const { number } = syntheticStudy(run, a)
    await atA({ kind: 'hold', peer: b })
    await net.a.index.consents.record(number, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
    await net.a.receive({ patient: { id: '1', bsn: number, name: 'X', birthDate: '1960-01-01', sex: 'F' } })
    await eventually(async () => (await net.a.audit('publish')).length > 0)
    await atA({ kind: 'end' })
    await atB({ kind: 'end' })
    // Were there a tombstone, every replica had it now.
    await net.a.index.publisher.settled(net.a.ground.sealer.opaque('patient', number))
    const [token] = await net.b.index.keepers.tokens([number], 'lookup')
    const { publishers } = await net.b.index.reader.find(token ?? new Uint8Array())
    expect(publishers.map(({ peerId }) => peerId)).toEqual([a])
  })

  it('is withdrawn when the registry is silent for two minutes, and another run may come', async () => {
    await using world = await begunRun()
    const { net, b, atA } = world
    await atA({ kind: 'hold', peer: b })
    net.network.clock.moveOn(119_000)
    expect(await atA({ kind: 'hello' }, otherRun)).toEqual(failed('BUSY'))
    net.network.clock.moveOn(2_000)
    expect(await atA({ kind: 'hello' }, otherRun)).toMatchObject({ kind: 'hello' })
    const parts = (await net.a.audit('self-test')).map(({ protocol }) =>
      protocol?.slice('spec 12 §2 '.length),
    )
    expect(parts).toEqual(['begin', 'hold', 'withdraw', 'begin'])
  })

  it('is withdrawn at the next start when the node went down in the middle', async () => {
    await using world = await begunRun()
    const { net, a, b, atA } = world
    await atA({ kind: 'hold', peer: b })
    await net.a.restart()
    await nobodyFinds(syntheticStudy(run, a).number, net.b)
    expect(await atA({ kind: 'received', peer: b })).toEqual(failed('RUN_UNKNOWN'))
  })
})

describe('finding', () => {
  it('says that the entry is not there, or that the holder is not', async () => {
    await using world = await begunRun()
    const { net, a, b, atA, atB } = world
    expect(await atB({ kind: 'find', peer: a })).toEqual(failed('ENTRY_NOT_FOUND'))
    await atA({ kind: 'hold', peer: b })
    net.a.online = false
    expect(await atB({ kind: 'find', peer: a })).toEqual(failed('PEER_UNREACHABLE'))
    net.a.online = true
    const [event] = (await net.b.audit('self-test')).filter(({ outcome }) => outcome === 'failed')
    expect(event).toMatchObject({ reason: 'ENTRY_NOT_FOUND', peer: { peerId: a } })
  })

  it('is answered for nobody but the peer of the run, once for each question, while it is fresh', async () => {
    await using world = await begunRun()
    const { net, a, b, atA } = world
    const { clock } = net.network
    await atA({ kind: 'hold', peer: b })
    const [token] = await net.b.index.keepers.tokens([syntheticStudy(run, a).number], 'lookup')
    const question = (signer: NodeKey, issuedAt = clock.now()) =>
      searchRequest.sign(
        {
          kind: 'search',
          requestId: Buffer.alloc(16, 1),
          issuedAt,
          holder: a,
          epoch: 1,
          loc: deriveLocation(token ?? new Uint8Array(), 1),
          user: { id: 'x', name: 'x', role: 'radiologist' },
          purpose: { basis: 'treatment', reason: 'x' },
        },
        signer,
      ).bytes
    const asks = async (from: string, bytes: Uint8Array) =>
      searchAnswer.open(
        await net.network.wire.host(from).ask(a, protocolIds.search, bytes),
        a,
        verifyByPeerId,
      ).message
    expect(await asks(b, question(net.b.key, clock.now() - 61_000))).toMatchObject({
      reason: 'REQUEST_INVALID',
    })
    const once = question(net.b.key)
    expect(await asks(b, once)).toMatchObject({ status: 'answered' })
    expect(await asks(b, once)).toMatchObject({ reason: 'REQUEST_INVALID' })
    const third = NodeKey.generate()
    expect(await asks(third.peerId, question(third))).toMatchObject({ status: 'refused' })
    await expect(asks(b, question(third))).rejects.toThrow('PEER_REFUSED')
    await atA({ kind: 'end' })
    expect(await asks(b, question(net.b.key))).toMatchObject({ status: 'refused' })
  })
})
