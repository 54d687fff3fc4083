import { parseBsn } from '@twiin/patient-token'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

const bsn = parseBsn(patient.bsn)
const auditor = { id: 'fg', name: 'F. de Gegevens', role: 'auditor' as const }
const order = { bsn, cause: 'not-responsive', reason: 'aneurysma, aanspreekbaar is zij niet' } as const
const minutes = (count: number) => count * 60_000
let net: Awaited<ReturnType<typeof twoHospitals>>
let [a, b] = [] as unknown as [TestHospital, TestHospital]
let studyInstanceUid: string

/** A holds a study of somebody who was never asked. */
beforeEach(async () => {
  net = await twoHospitals()
  ;({ a, b } = net)
  ;({ studyInstanceUid } = await a.receive())
  await eventually(async () => (await a.index.ownTokens.get(1, bsn)) !== undefined)
})
afterEach(() => net[Symbol.asyncDispose]())

const consent = (decision: 'permit' | 'deny', ura = '90000002') =>
  a.index.consents.record(bsn, { scope: { kind: 'organisation', ura }, decision, by: 'op' })
async function search(purpose: { basis: 'emergency' | 'treatment'; reason: string } = emergency) {
  const { searches } = b.exchange
  const id = await searches.begin({ bsn, purpose }, radiologist)
  return eventually(() => {
    const found = searches.find(id, radiologist)
    return found !== undefined && isComplete(found) && found
  })
}
const emergency = { basis: 'emergency', reason: 'wat hier staat telt niet' } as const
const open = () => b.exchange.emergencies.open(order, radiologist)
const retrieve = (searchId: string) =>
  b.exchange.retrievals.request(
    { searchId, studyInstanceUid, holder: '90000001', destination: 'pacs' },
    radiologist,
  )
const ended = (id: string) =>
  eventually(async () => {
    const record = await b.exchange.book.get(id)
    return record !== undefined && !['queued', 'running'].includes(record.state) && record
  })

describe('an emergency', () => {
  it('finds and brings what nobody was asked about, from a hospital that stands in no index', async () => {
    expect(await search({ basis: 'treatment', reason: 'poli' })).toMatchObject({ holders: [], studies: [] })
    await open()
    const found = await search()
    expect(found.holders).toMatchObject([{ ura: '90000001', status: 'answered' }])
    expect(found.emergency).toMatchObject({ asked: 1, unreachable: 0 })
    expect(await ended(await retrieve(found.id))).toMatchObject({ state: 'delivered' })
    expect(b.archive.stored).toHaveLength(3)
  })

  it('is on record at both ends besides the search, with the reason that was given for it', async () => {
    const box = await open()
    const found = await search()
    await ended(await retrieve(found.id))
    const purpose = { basis: 'emergency', reason: `not-responsive: ${order.reason}` }
    expect(await b.audit('emergency')).toMatchObject([
      { outcome: 'success', requestId: box.id, purpose, emergency: true, patient: { citizenNumber: bsn } },
    ])
    expect(await b.audit('search')).toMatchObject([{ purpose, emergency: true }])
    expect(await a.audit('emergency')).toMatchObject([
      { outcome: 'success', user: { id: radiologist.id }, peer: { ura: '90000002' }, purpose },
    ])
    expect(await a.audit('search-answered')).toMatchObject([{ emergency: true, requestId: found.id }])
    expect(await a.audit('study-released')).toMatchObject([{ emergency: true }])
  })

  it('stands on the review list of both, counted and durable, until somebody judged it', async () => {
    const told: string[] = []
    const { events } = a.ground
    const emit = events.emit.bind(events)
    events.emit = (event) => {
      if (event.kind === 'emergency') told.push(event.state)
      emit(event)
    }
    const box = await open()
    await ended(await retrieve((await search()).id))
    await b.exchange.emergencies.end(box.id, radiologist)
    expect(told).toContain('open')
    const { emergencies } = b.exchange
    expect(b.exchange.uses.unreviewed).toBe(1)
    net.network.clock.moveOn(minutes(61))
    await a.restart()
    const [notice] = await a.exchange.uses.list({ limit: 10 })
    expect(notice).toMatchObject({
      ...{ direction: 'received', searches: 1, retrievals: 1, organisation: { ura: '90000002' } },
      ...{ user: radiologist, patient: { bsn, name: patient.name } },
    })
    expect(a.exchange.uses.unreviewed).toBe(1)
    const review = { verdict: 'justified', note: '' } as const
    await a.exchange.emergencies.review(notice?.id ?? '', review, auditor)
    await expect(a.exchange.emergencies.review(notice?.id ?? '', review, auditor)).rejects.toThrow(
      'STATE_CONFLICT',
    )
    expect([a.exchange.uses.unreviewed, b.exchange.uses.unreviewed]).toEqual([0, 1])
    await expect(emergencies.review(box.id, { verdict: 'unjustified', note: ' ' }, auditor)).rejects.toThrow(
      'VALIDATION',
    )
    expect(await a.audit('emergency-reviewed')).toMatchObject([
      { user: { id: 'fg' }, reason: 'JUSTIFIED', responsible: { id: radiologist.id } },
    ])
  })

  it('is judged by one, not by two at once, and not by whose it is in another role', async () => {
    const box = await open()
    const { emergencies } = b.exchange
    await emergencies.end(box.id, radiologist)
    const review = { verdict: 'justified', note: '' } as const
    await expect(emergencies.review(box.id, review, { ...radiologist, role: 'auditor' })).rejects.toThrow(
      'OWN_USE',
    )
    const both = await Promise.allSettled([
      emergencies.review(box.id, review, auditor),
      emergencies.review(box.id, review, { ...auditor, id: 'another' }),
    ])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(await b.audit('emergency-reviewed')).toHaveLength(1)
  })

  it('is no way around an objection: refused, as if nobody were known, and on record as an emergency', async () => {
    await consent('permit', '90000009')
    await eventually(async () => (await a.audit('publish')).length === 1)
    await consent('deny')
    await open()
    const found = await search()
    expect(found).toMatchObject({ studies: [] })
    expect(found.holders.every(({ reason }) => reason === 'CONSENT_MISSING')).toBe(true)
    expect(await a.audit('emergency')).toMatchObject([{ outcome: 'refused', reason: 'CONSENT_DENIED' }])
    expect(await a.exchange.uses.list({ limit: 9 })).toMatchObject([{ refusedFor: 'CONSENT_DENIED' }])
  })
})

describe('a box', () => {
  it('must be open, for this person and this patient', async () => {
    await expect(search()).rejects.toThrow('EMERGENCY_NOT_OPEN')
    expect(await b.audit('search')).toMatchObject([
      { outcome: 'refused', reason: 'EMERGENCY_NOT_OPEN', emergency: true },
    ])
    await b.exchange.emergencies.open({ ...order, bsn: '999991772' }, radiologist)
    await b.exchange.emergencies.open(order, { ...radiologist, id: 'another' })
    await expect(search()).rejects.toThrow('EMERGENCY_NOT_OPEN')
    expect(await a.audit('search-answered')).toEqual([])
  })

  it('takes a reason that says something', async () => {
    const told = b.exchange.emergencies.open({ ...order, reason: ' spoed   !    ' }, radiologist)
    await expect(told).rejects.toThrow('VALIDATION')
    await expect(b.exchange.emergencies.open({ ...order, bsn: '123' }, radiologist)).rejects.toThrow(
      'BSN_INVALID',
    )
  })

  it('is over after an hour, and after a restart within it goes on', async () => {
    const box = await open()
    await b.restart()
    expect(b.exchange.emergencies.isOpen(box.id)).toBe(true)
    const found = await search()
    net.network.clock.moveOn(minutes(60))
    expect(b.exchange.emergencies.isOpen(box.id)).toBe(false)
    await expect(search()).rejects.toThrow('EMERGENCY_NOT_OPEN')
    await expect(retrieve(found.id)).rejects.toThrow('EMERGENCY_NOT_OPEN')
    expect([...b.exchange.searches.of(radiologist)]).toEqual([])
    // Not by way of a query either, and the holder is not asked.
    const asked = (await a.audit('search-answered')).length
    const asker = { person: radiologist, federated: true, by: 'QIDO-RS' }
    for (const level of ['STUDY', 'SERIES'] as const) {
      const run = b.exchange.queryDesk.find({ level, keys: new Map(), asker, searchId: found.id })
      await expect(run[Symbol.asyncIterator]().next()).rejects.toThrow('EMERGENCY_NOT_OPEN')
    }
    expect((await a.audit('search-answered')).length).toBe(asked)
    expect(await b.audit('refused')).toMatchObject([
      { reason: 'EMERGENCY_NOT_OPEN', patient: { citizenNumber: bsn }, emergency: true, requestId: found.id },
      { reason: 'EMERGENCY_NOT_OPEN' },
    ])
    expect((await b.audit('retrieve-requested')).at(-1)).toMatchObject({ reason: 'EMERGENCY_NOT_OPEN' })
  })

  it('is ended by who opened it and nobody else, and what runs under it ends with it', async () => {
    const box = await open()
    const found = await search()
    // The first piece comes, and then no more.
    net.network.wire.faults.push(...Array.from({ length: 50 }, () => ({ cutAtFrame: 2 })))
    const id = await retrieve(found.id)
    await eventually(async () => ((await b.exchange.book.get(id))?.attempts ?? 0) > 0)
    const { emergencies } = b.exchange
    await expect(emergencies.end(box.id, { ...radiologist, id: 'another' })).rejects.toThrow('NOT_FOUND')
    await emergencies.end(box.id, radiologist)
    expect(await ended(id)).toMatchObject({ state: 'cancelled', reason: 'EMERGENCY_ENDED' })
    await expect(emergencies.end(box.id, radiologist)).rejects.toThrow('STATE_CONFLICT')
    expect(b.archive.stored).toEqual([])
    expect((await b.audit('emergency')).at(-1)).toMatchObject({ reason: 'ENDED', requestId: box.id })
  })

  it('that ran out while the node was down is ended, told and on record when it is back, once', async () => {
    const box = await open()
    const reviewed = await b.exchange.emergencies.open(order, { ...radiologist, id: 'another' })
    net.network.clock.moveOn(minutes(61))
    await b.exchange.emergencies.review(reviewed.id, { verdict: 'justified', note: '' }, auditor)
    const lines = async () =>
      (await b.audit('emergency')).filter(({ reason }) => reason === 'EXPIRED').map((line) => line.requestId)
    expect(await lines()).toEqual([])
    await b.restart()
    await eventually(async () => (await lines()).length === 2)
    for (const { id, until } of [box, reviewed])
      expect(await b.exchange.uses.get(id)).toMatchObject({ endReason: 'EXPIRED', endedAt: until })
    await b.restart()
    await eventually(async () => (await b.exchange.uses.list({ limit: 9 })).length === 2)
    expect((await lines()).sort()).toEqual([box.id, reviewed.id].sort())
  })

  it('that two end at once is ended by one of them, told once and once on record', async () => {
    const box = await open()
    const told: string[] = []
    const { emergencies } = b.exchange
    emergencies.onEnd(({ id }) => told.push(id))
    const both = await Promise.allSettled([1, 2].map(() => emergencies.end(box.id, radiologist)))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(told).toEqual([box.id])
    expect((await b.audit('emergency')).filter(({ reason }) => reason === 'ENDED')).toHaveLength(1)
  })

  it('opened anew takes the place of the one before', async () => {
    const first = await open()
    const second = await open()
    expect([first, second].map(({ id }) => b.exchange.emergencies.isOpen(id))).toEqual([false, true])
    expect(await b.exchange.uses.get(first.id)).toMatchObject({ endReason: 'REPLACED' })
  })
})
