import { describe, expect, it } from 'vitest'
import { adt } from '../testing/adt.ts'
import { JumpingClock } from '../testing/jumping-clock.ts'
import { appointment, imagingOrder } from '../testing/order.ts'
import { eventually, patient, TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import type { PrefetchRule, PrefetchSettings } from './prefetch-settings.ts'

const settings = (rule: Partial<PrefetchRule> = {}, perHour = 60): PrefetchSettings => ({
  ...{ responsible: 'Afdeling radiologie', role: 'radiologist', perHour, waitSeconds: 5 },
  rules: [{ words: ['thorax'], priors: { modality: ['CT'] }, years: 5, studies: 2, ...rule }],
})
const dates = ['2021-06-01', '2024-03-01', '2025-03-01', '2026-01-05']

/** A made four studies of the patient, of which one too old by the rule; B expects the patient. */
async function expecting(prefetch: PrefetchSettings) {
  const clock = new JumpingClock()
  const network = await TestNetwork.open({ clock })
  const a = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  const b = await TestHospital.open({ ura: '90000002', name: 'B', prefetch }, network)
  const studies: string[] = []
  for (const studyDate of dates)
    studies.push((await a.receive({ studyDate, seed: studyDate, instances: 1 })).studyInstanceUid)
  await a.index.consents.record(patient.bsn as never, {
    ...{ scope: { kind: 'all' }, decision: 'permit', by: 'op' },
  })
  await eventually(async () => (await a.audit('publish')).length > 0)
  await eventually(() => a.index.publisher.status().pending === 0)
  return {
    ...{ clock, a, b, studies },
    done: () =>
      eventually(async () => {
        const all = await b.transfers()
        return all.length > 0 && all.every(({ state }) => state === 'delivered') && all
      }),
    async [Symbol.asyncDispose]() {
      for (const each of [a, b, network]) await each[Symbol.asyncDispose]()
    },
  }
}
const uids = (transfers: Awaited<ReturnType<TestHospital['transfers']>>) =>
  transfers.map((record) => (record.kind === 'retrieval' ? record.studyInstanceUid : ''))

describe('an order', () => {
  it('brings the newest earlier studies to the PACS, behind all else, once, and on record at both ends', async () => {
    await using net = await expecting(settings())
    const { a, b, studies, done } = net
    expect(await b.tell(imagingOrder(), imagingOrder({ control: 'XO', filler: 'F1' }))).toEqual(['AA', 'AA'])
    await eventually(async () => (await b.transfers()).length === 2)
    const transfers = await done()
    // The list is newest first: the newest study was asked for first.
    expect(uids(transfers)).toEqual([studies[2], studies[3]])
    for (const record of transfers) expect(record).toMatchObject({ background: true, urgent: false })
    // The appointment names the same order, and the filler's number alone too; also after a restart.
    await b.restart()
    await b.tell(appointment({ placer: 'P1' }), imagingOrder({ placer: '', filler: 'F1' }))
    expect(await b.audit('search')).toMatchObject([
      {
        protocol: 'prefetch: HL7 ORM^O01',
        purpose: { basis: 'treatment', reason: 'Order P1: CT thorax' },
        user: { name: 'Afdeling radiologie', role: 'radiologist' },
      },
    ])
    expect(await a.audit('search-answered')).toMatchObject([{ user: { name: 'Afdeling radiologie' } }])
    expect(await b.transfers()).toHaveLength(2)
  })

  it('that no rule fits is left alone, and one that has no number or patient is refused', async () => {
    await using net = await expecting(settings())
    const { b } = net
    expect(await b.tell(imagingOrder({ text: 'MR knie' }))).toEqual(['AA'])
    expect(await b.tell(imagingOrder({ placer: '' }))).toEqual(['AE'])
    // Orders are searched for in the order in which they came.
    await b.tell(imagingOrder({ placer: 'P2' }))
    await eventually(async () => (await b.audit('search')).length > 0)
    expect((await b.audit('search'))[0]?.purpose?.reason).toBe('Order P2: CT thorax')
  })

  it('without a BSN is found by what the administration says, also when that comes later', async () => {
    await using net = await expecting(settings({ studies: 1 }))
    const { b, clock, studies, done } = net
    await b.tell(appointment({ bsn: null }))
    const name = { family: 'Jansen', given: 'Anna', birthDate: '19600203', sex: 'F' }
    await b.tell(adt('A08', { id: patient.id, bsn: patient.bsn, ...name }))
    expect(await b.audit('search')).toEqual([])
    clock.moveOn(61_000)
    expect(uids(await done())).toEqual([studies[3]])
  })

  it('waits when enough were searched for in this hour, and does not begin once it is cancelled', async () => {
    await using net = await expecting(settings({ studies: 1 }, 1))
    const { b, clock } = net
    await b.tell(imagingOrder({ placer: 'P1' }))
    await eventually(async () => (await b.audit('search')).length === 1)
    await b.tell(imagingOrder({ placer: 'P2' }), imagingOrder({ placer: 'P3' }))
    await b.tell(imagingOrder({ placer: 'P2', control: 'CA' }))
    await b.restart()
    expect(await b.audit('search')).toHaveLength(1)
    clock.moveOn(3_601_000)
    await eventually(async () => (await b.audit('search')).length === 2)
    const [first, second] = await b.audit('search')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(3_600_000)
    expect((await b.audit('search')).map(({ purpose }) => purpose?.reason)).toEqual([
      ...['Order P1: CT thorax', 'Order P3: CT thorax'],
    ])
  })

  it('that is cancelled stops the retrievals that have not begun', async () => {
    await using net = await expecting(settings({ years: 10, studies: 4 }))
    const { b } = net
    b.archive.isUp = false
    await b.tell(imagingOrder())
    // One place in the background: the first is under way, or waits for the PACS; the others have not begun.
    await eventually(async () => (await b.transfers()).some(({ attempts }) => attempts > 0))
    await eventually(async () => (await b.transfers()).length === 4)
    const begun = (await b.transfers()).filter(({ state, attempts }) => state !== 'queued' || attempts > 0)
    await b.tell(imagingOrder({ control: 'CA' }))
    const after = await b.transfers()
    const cancelled = after.filter(({ state }) => state === 'cancelled')
    for (const { id } of begun) expect(cancelled.some((record) => record.id === id)).toBe(false)
    expect(
      after.every(({ state, attempts }) => state === 'cancelled' || attempts > 0 || state === 'running'),
    ).toBe(true)
  })
})
