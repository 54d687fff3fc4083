import { NodeKey } from '@twiin/identity'
import { accountAnswer, accountRequest, protocolIds } from '@twiin/protocol'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { TestHospital, eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'

const hourMs = 3_600_000
const bsn = patient.bsn as never
let net: Awaited<ReturnType<typeof twoHospitals>>
beforeEach(async () => {
  net = await twoHospitals()
})
afterEach(() => net[Symbol.asyncDispose]())

const compared = async (of: TestHospital) => {
  await of.ground.audit.reconciling.compare()
  return (await of.ground.audit.reconciling.list()).differences
}
/** Each day has its own bound: hours that are moved on from here end on the same one. */
function toMorning(): void {
  const { clock } = net.network
  const dayMs = 24 * hourMs
  clock.moveOn((6 * hourMs - (clock.now() % dayMs) + dayMs) % dayMs)
}
const day = (at: number) => new Date(at).toISOString().slice(0, 10)

/** A's study is found and retrieved by B, and one of A is sent to B. */
async function exchange() {
  const { a, b } = net
  const { studyInstanceUid } = await a.receive()
  await a.index.consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  const { searches, retrievals } = b.exchange
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const searchId = await searches.begin({ bsn: patient.bsn, purpose }, radiologist)
  await eventually(() => isComplete(searches.find(searchId, radiologist) as never))
  const order = { searchId, studyInstanceUid, holder: '90000001', destination: 'pacs' as const }
  const id = await retrievals.request(order, radiologist)
  await b.transferIn('delivered')
  await a.receive({ seed: 'sent' }, { calledAe: 'ELSEWHERE' })
  await a.transferIn('delivered')
  await eventually(async () => (await a.audit('study-served')).length === 2)
  return { id, searchId }
}

it('two hospitals that wrote down the same agree, and neither is judged before an hour went by', async () => {
  await exchange()
  net.network.clock.moveOn(hourMs + 60_000)
  for (const hospital of [net.a, net.b]) expect(await compared(hospital)).toEqual([])
})

it('an entry that one has and the other has not is a difference at both ends, after an hour, and once on record', async () => {
  const requestId = 'ab'.repeat(16)
  await net.a.ground.account.record({
    ...{ event: 'study-released', outcome: 'success', peerId: net.b.key.peerId, requestId },
  })
  expect(await compared(net.b)).toEqual([])
  net.network.clock.moveOn(hourMs + 60_000)
  for (let i = 0; i < 2; i++) {
    expect(await compared(net.a)).toMatchObject([
      { code: 'UNKNOWN_THERE', requestId, peer: { ura: '90000002' }, there: [] },
    ])
    expect(await compared(net.b)).toMatchObject([
      { code: 'UNKNOWN_HERE', requestId, peer: { ura: '90000001' }, here: [] },
    ])
  }
  expect(await net.b.audit('account-difference')).toMatchObject([{ reason: 'UNKNOWN_HERE', requestId }])
  // It comes to light after all, at the other end: then both agree, and the list says so.
  await net.b.ground.account.record({
    ...{ event: 'retrieve-requested', outcome: 'success', peerId: net.a.key.peerId, requestId },
  })
  const [settled] = await compared(net.a)
  expect(settled?.settledAt).toBeDefined()
})

it('“they say they read 3, we say we gave 2” is a difference', async () => {
  const requestId = 'cd'.repeat(16)
  const both = { outcome: 'success', requestId } as const
  const { a, b } = net
  const about = (count: object) => ({ objects: { studyInstanceUids: ['1.2.3'], ...count } })
  await b.ground.account.record({ ...both, event: 'retrieve-requested', peerId: a.key.peerId })
  await a.ground.account.record({ ...both, event: 'study-released', peerId: b.key.peerId })
  await a.ground.account.record({
    ...{ ...both, event: 'study-served', peerId: b.key.peerId },
    ...about({ count: 2, named: 2 }),
  })
  await b.ground.account.record({
    ...{ ...both, event: 'study-received', peerId: a.key.peerId },
    ...about({ count: 3 }),
  })
  net.network.clock.moveOn(hourMs + 60_000)
  for (const hospital of [a, b])
    expect(await compared(hospital)).toMatchObject([
      { code: 'COUNT_DIFFERS', given: 2, received: 3, requestId },
    ])
})

it('a question that was answered in the name of a search which nobody here made is one', async () => {
  const requestId = 'ef'.repeat(16)
  await net.a.ground.account.record({
    ...{ event: 'search-answered', outcome: 'success', peerId: net.b.key.peerId, requestId },
    patient: { citizenNumber: patient.bsn },
  })
  net.network.clock.moveOn(hourMs + 60_000)
  expect(await compared(net.b)).toMatchObject([{ code: 'UNKNOWN_HERE', requestId }])
})

it('a member is told of its own dealings only, and of nobody’s data; a stranger of nothing', async () => {
  const { id } = await exchange()
  await using c = await TestHospital.open({ ura: '90000003', name: 'C' }, net.network)
  net.network.clock.moveOn(hourMs + 60_000)
  const ask = async (peerId: string) => {
    const request = accountRequest.encode({ kind: 'day', day: day(net.network.clock.now()) })
    return net.network.wire.host(peerId).ask(net.a.key.peerId, protocolIds.account, request)
  }
  expect(accountAnswer.decode(await ask(c.key.peerId))).toEqual({
    kind: 'dealings',
    dealings: [],
    more: false,
  })
  expect(accountAnswer.decode(await ask(NodeKey.generate().peerId))).toEqual({
    ...{ kind: 'refused', reason: 'NOT_A_MEMBER' },
  })
  const bytes = Buffer.from(await ask(net.b.key.peerId))
  const answer = accountAnswer.decode(bytes)
  const ids =
    answer.kind === 'dealings'
      ? answer.dealings.map(({ requestId }) => Buffer.from(requestId).toString('hex'))
      : []
  expect(ids).toContain(id)
  const entries = await net.a.audit()
  const uids = entries.flatMap(({ objects }) => objects?.studyInstanceUids ?? [])
  for (const secret of [patient.bsn, radiologist.name, ...uids]) expect(bytes.includes(secret)).toBe(false)
})

it('a peer that does not speak this, or says nonsense, makes no difference', async () => {
  await exchange()
  net.network.clock.moveOn(hourMs + 60_000)
  const host = net.network.wire.host(net.b.key.peerId)
  host.answer(protocolIds.account, {}, async () => Buffer.from('nonsense'))
  expect(await compared(net.a)).toEqual([])
  net.b.online = false
  expect(await compared(net.a)).toEqual([])
  net.b.online = true
})

/** B says it answered these. */
const invented = (ids: readonly number[]) =>
  net.network.wire.host(net.b.key.peerId).answer(protocolIds.account, {}, async () =>
    accountAnswer.encode({
      ...{ kind: 'dealings', more: false },
      dealings: ids.map((id) => ({
        requestId: Buffer.from(String(id).padStart(32, '0'), 'hex'),
        ...{ settled: true, events: ['study-released/success'] },
        ...{ given: 1, received: 0, givenStudies: 1, receivedStudies: 0 },
      })),
    }),
  )

it('a peer with an invented account gets a hundred lines of a day and one that says there are more, and the list has pages', async () => {
  const { a } = net
  invented(Array.from({ length: 2000 }, (_, n) => n + 1))
  for (let round = 0; round < 2; round++) await compared(a)
  const reasons = (await a.audit('account-difference')).map(({ reason }) => reason)
  // Yesterday and today tell of the same.
  expect(reasons.filter((reason) => reason === 'UNKNOWN_HERE').length).toBeLessThanOrEqual(200)
  expect(reasons.filter((reason) => reason === 'MANY_DIFFERENCES')).toHaveLength(2)
  const before = reasons.length
  // What they take back and say again is no news.
  invented([])
  await compared(a)
  invented(Array.from({ length: 2000 }, (_, n) => n + 1))
  await compared(a)
  expect(await a.audit('account-difference')).toHaveLength(before)
  const { reconciling } = a.ground.audit
  const first = await reconciling.list({ limit: 30 })
  const second = await reconciling.list({ limit: 1000, after: first.next ?? '' })
  expect([first.differences.length, second.differences.length]).toEqual([30, before - 30])
  expect(second.next).toBeUndefined()
})

it('whatever a peer makes up or only asks, what stands here of a study that went gets its place', async () => {
  const { a, b } = net
  toMorning()
  // Behind all of theirs, in the order of the ids.
  const requestId = 'ff'.repeat(16)
  const toB = { peerId: b.key.peerId } as const
  // These it asked, and was refused.
  const refused = Array.from({ length: 250 }, (_, n) => String(n + 1).padStart(32, '0'))
  await Promise.all(
    refused.map((id) =>
      a.ground.account.record({ ...toB, event: 'refused', outcome: 'refused', requestId: id }),
    ),
  )
  net.network.clock.moveOn(hourMs + 60_000)
  invented(Array.from({ length: 2000 }, (_, n) => n + 1))
  await compared(a)
  await a.ground.account.record({ ...toB, event: 'study-released', outcome: 'success', requestId })
  net.network.clock.moveOn(hourMs + 60_000)
  await compared(a)
  const { differences: found } = await a.ground.audit.reconciling.list({ limit: 1000 })
  expect(found.find((each) => each.requestId === requestId)).toMatchObject({ code: 'UNKNOWN_THERE' })
  const asked = found.filter(({ here }) => here.includes('refused/refused'))
  expect(asked.length).toBeGreaterThanOrEqual(100)
  expect(asked.length).toBeLessThan(250)
})

it('an account whose ids do not rise counts for nothing', async () => {
  invented([2, 1])
  expect(await compared(net.a)).toEqual([])
  invented([1, 1])
  expect(await compared(net.a)).toEqual([])
})
