import { NodeKey } from '@twiin/identity'
import type { SelfTestAnswer, SelfTestRequest } from '@twiin/protocol'
import { TwiinError } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { describeLive, describePast } from './describe-run.ts'
import { World } from './testing.ts'
import type { FakeNode } from './testing.ts'

test('two founding members test each other, then everybody who comes is tested by one that exchanges', async () => {
  await using world = await World.open()
  await world.tests.start()
  const a = await world.join('90000001')
  await world.settle()
  expect(world.tests.waiting()).toMatchObject([{ peerId: a.peerId, reason: 'NO_REFERENCE' }])
  expect(world.exchanges(a)).toBe(false)
  const b = await world.join('90000002')
  const c = await world.join('90000003')
  await world.settle()
  expect([a, b, c].map((node) => world.exchanges(node))).toEqual([true, true, true])
  const results = world.results()
  expect(results.map(({ passed, by, version }) => [passed, by, version])).toEqual(
    Array(3).fill([true, 'console', '1.2.3']),
  )
  // The first had only another that was being tested; the others had one that exchanges.
  const [first, ...others] = results
  expect([first?.peerId, first?.reference]).toEqual([a.peerId, b.peerId])
  for (const { reference, at } of others)
    expect(world.books.register.keys.get(reference)?.exchangingSince).toBeLessThanOrEqual(at)
  expect(world.tests.waiting()).toEqual([])
})

test('the steps of the specification are taken in order, each at both nodes, and both hear the end', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  expect(a.kinds()).toEqual(['hello', 'echo', 'hold', 'find', 'send', 'received', 'end'])
  expect(b.kinds()).toEqual(['hello', 'find', 'hold', 'received', 'send', 'end'])
  const peers = [...a.asked, ...b.asked].flatMap((request) => ('peer' in request ? [request.peer] : []))
  expect(new Set(peers)).toEqual(new Set([a.peerId, b.peerId]))
  const [result] = world.results()
  expect(result).toMatchObject({ passed: true, by: 'anna', peerId: a.peerId, reference: b.peerId })
  expect(result?.steps.map(({ name, result: said }) => [name, said])).toEqual(
    ['reach', 'echo', 'publish', 'find', 'send', 'receive'].map((name) => [name, 'passed']),
  )
  expect(world.exchanges(b)).toBe(false)
  // On a connection of its own: the address is dialled, whatever connection the node has with us.
  expect(world.lanes).toEqual(new Set([1]))
})

test.each<[step: string, who: 0 | 1, kind: SelfTestRequest['kind'], answer: SelfTestAnswer, reason: string]>([
  ['reach', 0, 'hello', { kind: 'failed', reason: 'BUSY' }, 'BUSY'],
  ['echo', 0, 'echo', { kind: 'echo', loop: false, pacs: true }, 'DICOM_PORT_CLOSED'],
  ['publish', 0, 'hold', { kind: 'failed', reason: 'NUMBER_TAKEN' }, 'NUMBER_TAKEN'],
  ['publish', 1, 'find', { kind: 'failed', reason: 'ENTRY_NOT_FOUND' }, 'ENTRY_NOT_FOUND'],
  ['publish', 1, 'find', { kind: 'study', studyInstanceUid: '1.2.3' }, 'STUDY_OTHER'],
  ['find', 0, 'find', { kind: 'failed', reason: 'CONSENT_MISSING' }, 'CONSENT_MISSING'],
  ['find', 0, 'find', { kind: 'ended' }, 'ANSWER_INVALID'],
  ['send', 0, 'send', { kind: 'sent', receipt: false }, 'RECEIPT_MISSING'],
  ['send', 1, 'received', { kind: 'received', whole: false }, 'STUDY_NOT_WHOLE'],
  ['receive', 0, 'received', { kind: 'failed', reason: 'TRANSFER_CUT' }, 'TRANSFER_CUT'],
])('a run fails at %s (%i: %s) and stops there, with the reason', async (step, who, kind, answer, reason) => {
  await using world = await World.open()
  const nodes = [await world.join('90000001'), await world.join('90000002')] as const
  nodes[who].instead.set(kind, answer)
  const run = await world.tests.order(nodes[0].peerId, 'anna')
  await world.pass(60_000)
  const result = world.books.register.selfTests.get(run)
  expect(result?.passed).toBe(false)
  expect(result?.steps.at(-1)).toMatchObject({ name: step, result: 'failed', reason })
  expect(result?.steps.slice(0, -1).every((done) => done.result === 'passed')).toBe(true)
  expect(world.exchanges(nodes[0])).toBe(false)
  expect(world.told.at(-1)).toBe('01 failed')
  for (const { asked } of nodes) expect(asked.at(-1)?.kind).toBe('end')
})

test('a PACS that is silent is a warning, and no more', async () => {
  await using world = await World.open()
  const [a] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('echo', { kind: 'echo', loop: true, pacs: false })
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  const [result] = world.results()
  expect(result?.passed).toBe(true)
  expect(result?.steps[1]).toMatchObject({ name: 'echo', result: 'warned', reason: 'PACS_SILENT' })
})

test('a clock that is more than a minute off is told', async () => {
  await using world = await World.open()
  const [a] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('hello', { kind: 'hello', version: '1.2.3', time: world.clock.now() + 61_000 })
  await world.tests.order(a.peerId, 'anna')
  await world.pass(10_000)
  expect(world.results()[0]?.steps).toMatchObject([{ name: 'reach', result: 'failed', reason: 'CLOCK_OFF' }])
})

test('what passes by itself is asked again within the step: a node that still starts does not fail', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('echo', { kind: 'echo', loop: false, pacs: false })
  b.instead.set('find', { kind: 'failed', reason: 'ENTRY_NOT_FOUND' })
  await world.tests.order(a.peerId, 'anna')
  await world.pass(1_000)
  a.instead.clear()
  await world.pass(1_000)
  b.instead.clear()
  await world.pass(1_000)
  expect(world.results()).toMatchObject([{ passed: true }])
  expect(world.results()[0]?.steps.map(({ ms }) => ms >= 900)).toEqual([
    false,
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a run that never gets an answer ends within a minute', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  const away = new TwiinError('PEER_UNREACHABLE')
  a.instead.set('echo', { kind: 'echo', loop: false, pacs: false })
  b.instead.set('find', away)
  const run = await world.tests.order(a.peerId, 'anna')
  await world.pass(4_000)
  a.instead.clear()
  await world.pass(20_000)
  expect(world.books.register.selfTests.get(run)?.steps.at(-1)).toMatchObject({
    ...{ name: 'publish', result: 'failed', reason: 'REFERENCE_UNREACHABLE' },
  })
})

test('a reference that does not answer, or is in another keeper’s run, is passed over', async () => {
  await using world = await World.open()
  const nodes = [await world.join('90000001'), await world.join('90000002'), await world.join('90000003')]
  const [a, b, c] = nodes as [FakeNode, FakeNode, FakeNode]
  b.instead.set('hello', new TwiinError('PEER_UNREACHABLE'))
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  expect(world.results()[0]?.reference).toBe(c.peerId)
  // It may have begun all the same.
  expect(b.kinds()).toEqual(['hello', 'end'])
  c.instead.set('hello', { kind: 'failed', reason: 'BUSY' })
  await expect(world.tests.order(a.peerId, 'anna')).rejects.toThrow('NO_REFERENCE')
})

test('the references of the settings come before all others, while any of them is active', async () => {
  await using world = await World.open({ references: ['90000003'] })
  const nodes = [await world.join('90000001'), await world.join('90000002'), await world.join('90000003')]
  const [a, , c] = nodes as [FakeNode, FakeNode, FakeNode]
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  expect(world.results()[0]?.reference).toBe(c.peerId)
  await world.tests.order(c.peerId, 'anna')
  await world.settle()
  // The reference itself is tested by one that exchanges.
  expect(world.results()[1]?.reference).toBe(a.peerId)
})

test('a node is in one run at a time, as the tested or as the reference', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('echo', { kind: 'echo', loop: false, pacs: false })
  await world.tests.order(a.peerId, 'anna')
  await expect(world.tests.order(a.peerId, 'anna')).rejects.toThrow('SELF_TEST_RUNNING')
  await expect(world.tests.order(b.peerId, 'anna')).rejects.toThrow('SELF_TEST_RUNNING')
  const c = await world.join('90000003')
  await expect(world.tests.order(c.peerId, 'anna')).rejects.toThrow('NO_REFERENCE')
  const d = await world.join('90000004', { announces: false })
  await world.tests.start()
  await world.announce(c)
  await world.pass(3_000)
  expect(world.tests.liveRuns()).toHaveLength(1)
  expect(c.kinds()).toEqual([])
  // There are references, and all of them are busy: that is no reason to tell anybody.
  expect(world.tests.waiting()).toEqual([])
  expect(d.kinds()).toEqual([])
})

test('a member that exchanges is a better reference than one that is being tested', async () => {
  await using world = await World.open()
  const nodes = [await world.join('90000001'), await world.join('90000002'), await world.join('90000003')]
  const [a, b, c] = nodes as [FakeNode, FakeNode, FakeNode]
  await world.tests.order(c.peerId, 'anna')
  await world.settle()
  await world.tests.order(b.peerId, 'anna')
  await world.settle()
  expect(world.results().map(({ reference }) => reference)).toEqual([a.peerId, c.peerId])
})

test('who failed is tried again, each time later, and at once when it announces something new', async () => {
  await using world = await World.open()
  await world.join('90000001', { announces: false })
  const b = await world.join('90000002')
  const c = await world.join('90000003')
  for (const node of [b, c]) node.instead.set('hold', { kind: 'failed', reason: 'INDEX_BROKEN' })
  await world.tests.start()
  await world.pass(1_000)
  const runsOf = (node: FakeNode) => world.results().filter(({ peerId }) => peerId === node.peerId).length
  expect([runsOf(b), runsOf(c)]).toEqual([1, 1])
  await world.pass(31_000)
  expect([runsOf(b), runsOf(c)]).toEqual([2, 2])
  await world.pass(31_000)
  expect([runsOf(b), runsOf(c)]).toEqual([2, 2])
  expect(world.tests.waiting()).toMatchObject([{ reason: 'FAILED_BEFORE' }, { reason: 'FAILED_BEFORE' }])
  await world.announce(b)
  await world.pass(1_000)
  expect([runsOf(b), runsOf(c)]).toEqual([3, 2])
})

test('a test that an administrator ordered and that fails ends the exchanging, until one passes', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  await world.tests.start()
  await world.settle()
  expect([world.exchanges(a), world.exchanges(b)]).toEqual([true, true])
  a.instead.set('hold', { kind: 'failed', reason: 'INDEX_BROKEN' })
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  expect(world.exchanges(a)).toBe(false)
  a.instead.clear()
  await world.pass(31_000)
  expect(world.exchanges(a)).toBe(true)
})

test('a reference that goes away in a run that a person ordered demotes nobody, and another one is taken', async () => {
  await using world = await World.open()
  const nodes = [await world.join('90000001'), await world.join('90000002'), await world.join('90000003')]
  const [a, b, c] = nodes as [FakeNode, FakeNode, FakeNode]
  await world.tests.start()
  await world.settle()
  const before = world.results().length
  const since = world.books.register.keys.get(a.peerId)?.exchangingSince
  // Whichever is taken first: the node says what it saw of it, and then it answers no more.
  let gone: FakeNode | undefined
  for (const one of [b, c])
    one.onAsked = ({ kind }) => {
      if (kind === 'find') gone ??= one
      if (one === gone) throw new TwiinError('PEER_TIMEOUT')
    }
  await world.tests.order(a.peerId, 'anna')
  await world.pass(20_000)
  const [first, second, ...more] = world.results().slice(before)
  expect(more).toEqual([])
  expect(first).toMatchObject({ passed: false, by: 'anna', reference: gone?.peerId })
  expect(first?.steps.at(-1)).toMatchObject({ result: 'failed', reason: 'REFERENCE_UNREACHABLE' })
  expect(second).toMatchObject({ passed: true, by: 'anna', reference: gone === b ? c.peerId : b.peerId })
  expect(world.books.register.keys.get(a.peerId)?.exchangingSince).toBe(since)
})

test('what the node tells as its own failure is none when the reference is gone by then', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  await world.tests.start()
  await world.settle()
  a.instead.set('send', { kind: 'sent', receipt: false })
  a.onAsked = ({ kind }) => {
    if (kind === 'send') b.instead.set('hello', new TwiinError('PEER_UNREACHABLE'))
  }
  await world.tests.order(a.peerId, 'anna')
  await world.pass(20_000)
  expect(world.results().at(-1)?.steps.at(-1)?.reason).toBe('REFERENCE_UNREACHABLE')
  expect(world.exchanges(a)).toBe(true)
})

test('a node that blames the reference, which is there, is believed in nothing', async () => {
  await using world = await World.open()
  const [a] = [await world.join('90000001'), await world.join('90000002')]
  await world.tests.start()
  await world.settle()
  a.instead.set('find', { kind: 'failed', reason: 'REFERENCE_UNREACHABLE' })
  await world.tests.order(a.peerId, 'anna')
  await world.pass(20_000)
  expect(
    world
      .results()
      .find(({ by }) => by === 'anna')
      ?.steps.at(-1)?.reason,
  ).toBe('UNEXPECTED')
  expect(world.exchanges(a)).toBe(false)
})

test('who announces every minute and fails every time is tested ever more rarely all the same', async () => {
  await using world = await World.open()
  const [a] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('hold', { kind: 'failed', reason: 'INDEX_BROKEN' })
  await world.tests.order(a.peerId, 'console')
  await world.settle()
  await world.tests.start()
  for (let minute = 0; minute < 30; minute++) {
    await world.announce(a)
    await world.pass(1_000)
    await world.clock.advance(59_000)
  }
  const runs = world.results().filter(({ peerId }) => peerId === a.peerId).length
  expect(runs).toBeGreaterThan(4)
  expect(runs).toBeLessThan(10)
})

test('nobody can be tested who is no member, has ended, or said nowhere where it is', async () => {
  await using world = await World.open()
  const a = await world.join('90000001', { announces: false })
  await world.join('90000002')
  await expect(world.tests.order(a.peerId, 'anna')).rejects.toThrow('NOT_TESTABLE')
  await expect(world.tests.order(NodeKey.generate().peerId, 'anna')).rejects.toThrow('NOT_FOUND')
  await world.announce(a)
  const { serials = [] } = world.books.register.keys.get(a.peerId) ?? {}
  await world.books.record(() => ({
    ...{ act: 'suspended', peerId: a.peerId, serials: [...serials], reason: 'certificateHold' },
    by: ['anna', 'ben'],
  }))
  await expect(world.tests.order(a.peerId, 'anna')).rejects.toThrow('NOT_TESTABLE')
})

test('a registry that stops breaks runs off, tells both, and puts nothing on record', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  await world.tests.start()
  a.instead.set('echo', { kind: 'echo', loop: false, pacs: false })
  await world.pass(1_000)
  expect(world.tests.liveRuns()).toHaveLength(1)
  await world.tests.stop()
  expect(world.results()).toEqual([])
  expect([a.kinds().at(-1), b.kinds().at(-1)]).toEqual(['end', 'end'])
})

test('what a node says of its version goes into the public ledger only when it is one', async () => {
  await using world = await World.open()
  const [a] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('hello', { kind: 'hello', version: 'dr. X, 06-12345678', time: world.clock.now() })
  await world.tests.order(a.peerId, 'anna')
  await world.settle()
  expect(world.results()[0]?.version).toBe('unknown')
})

test('a run is shown while it goes on, and from the ledger afterwards', async () => {
  await using world = await World.open()
  const [a, b] = [await world.join('90000001'), await world.join('90000002')]
  a.instead.set('echo', { kind: 'echo', loop: false, pacs: false })
  const run = await world.tests.order(a.peerId, 'anna')
  await world.pass(500)
  const { register } = world.books
  const who = {
    ...{ run, peerId: a.peerId, ura: '90000001', name: 'Clinic 90000001', level: 2 },
    reference: { peerId: b.peerId, name: 'Clinic 90000002' },
  }
  const live = world.tests.live(run)
  expect(live && describeLive(live, register)).toMatchObject({
    ...who,
    state: 'running',
    steps: [
      { name: 'reach', result: 'passed' },
      { name: 'echo', running: true },
    ],
  })
  a.instead.clear()
  await world.pass(1_000)
  expect(world.tests.live(run)).toBeUndefined()
  const past = register.selfTests.get(run)
  expect(past && describePast(past, register)).toMatchObject({
    ...{ ...who, state: 'passed', version: '1.2.3' },
    startedAt: new Date(live?.startedAt ?? 0).toISOString(),
  })
  expect(world.told[0]).toBe('01 running')
  expect(world.told.at(-1)).toBe('01 passed')
})
