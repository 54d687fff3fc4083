import { parseBsn } from '@twiin/patient-token'
import { describe, expect, it } from 'vitest'
import { isComplete } from '../find/patient-search.ts'
import { adt } from '../testing/adt.ts'
import type { AdtPatient } from '../testing/adt.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import { TestWeb } from '../testing/test-web.ts'

const bsn = parseBsn(patient.bsn)
const other = parseBsn('999991772')
/** As A's administration knows him; the studies have his number. */
const anna: AdtPatient = {
  ...{ id: patient.id, bsn: patient.bsn, family: 'Jansen', given: 'Anna', birthDate: '19600203', sex: 'F' },
}
const { bsn: _, ...unnumbered } = patient
const { bsn: __, ...unnumberedAnna } = anna

async function found(at: TestHospital, number: string): Promise<number> {
  const purpose = { basis: 'treatment', reason: 'polikliniek' } as const
  const id = await at.exchange.searches.begin({ bsn: number, purpose }, radiologist)
  const search = await eventually(() => {
    const found = at.exchange.searches.find(id, radiologist)
    return found !== undefined && isComplete(found) && found
  })
  return search.studies.length
}
const consent = (at: TestHospital, to: typeof bsn) =>
  at.index.consents.record(to, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })

/** A study that came without BSN. */
const withoutBsn = (at: TestHospital) => at.receive({ patient: unnumbered })

describe('a study that came before the BSN of its patient', () => {
  it('is found elsewhere once the administration gives it, also after a restart, and no more when that is corrected', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await withoutBsn(a)
    await consent(a, bsn)
    await consent(a, other)
    expect(await found(b, bsn)).toBe(0)
    await a.tell(adt('A08', anna))
    await eventually(async () => (await found(b, bsn)) === 1)
    await a.restart()
    await eventually(async () => (await found(b, bsn)) === 1)
    await a.tell(adt('A08', { ...anna, bsn: other }))
    await eventually(async () => (await found(b, bsn)) === 0)
    await eventually(async () => (await found(b, other)) === 1)
  })

  it('is found under the BSN of whom its number was merged into', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await withoutBsn(a)
    await consent(a, bsn)
    await a.tell(
      adt('A28', { ...anna, id: '0900' }),
      adt('A40', { ...anna, id: '0900' }, { prior: patient.id }),
    )
    await eventually(async () => (await found(b, bsn)) === 1)
  })

  it.each([
    ['name', { family: 'Bakker' }],
    ['birth date', { birthDate: '19600204' }],
    ['given name', { given: 'Berta' }],
  ])('stays unpublished when its number is of somebody with another %s', async (_what, change) => {
    await using net = await twoHospitals()
    const { a } = net
    const { studyInstanceUid } = await withoutBsn(a)
    await a.tell(adt('A08', { ...anna, ...change }))
    const study = await a.ground.studies.studyByUid(studyInstanceUid)
    expect(study && (await a.index.owners.ownerOf(study))).toEqual({ reason: 'NO_BSN' })
    expect(await a.index.patients.studiesOf(bsn)).toEqual([])
  })
})

it('a study whose BSN is not the one the administration has for its number is shown to nobody', async () => {
  await using net = await twoHospitals()
  const { a } = net
  const { studyInstanceUid } = await a.receive()
  await a.tell(adt('A08', { ...anna, bsn: other }))
  const study = await a.ground.studies.studyByUid(studyInstanceUid)
  expect(study && (await a.index.owners.ownerOf(study))).toEqual({ reason: 'IDENTITY_CONFLICT' })
  expect(await a.index.patients.studiesOf(bsn)).toEqual([])
  expect(await a.index.patients.find(bsn)).toBeUndefined()
})

it('a merge is on record with both numbers, once, also when the message is told again', async () => {
  await using net = await twoHospitals()
  const { a } = net
  const merge = adt('A40', { ...anna, id: '0900' }, { prior: patient.id })
  await a.tell(adt('A28', anna), merge, merge)
  await a.tell(adt('A08', { ...anna, id: '0900' }))
  expect(await a.audit('patients-merged')).toMatchObject([
    {
      patient: { citizenNumber: patient.bsn, localId: '0900', mergedId: patient.id },
      protocol: 'HL7 ADT^A40',
      outcome: 'success',
    },
  ])
})

it.each([
  ['same-patient', 'of the same patient corrects it: his BSN was right', {}, 1],
  ['same-patient', 'of the same patient corrects it: his BSN was not', { bsn: '999990007' }, 0],
  ['other-patient', 'of another patient corrects it: the BSN was not his', {}, 0],
] as const)(
  'the quality of BSNs follows from what is known, and a decision %s %s',
  async (decision, _what, wrongly, agreeing) => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.tell(adt('A28', { ...anna, id: '0815', birthDate: '19600204' }))
    if ('bsn' in wrongly) await b.tell(adt('A08', { ...anna, id: '0815' }))
    await a.receive({ patient: { ...patient, ...wrongly } }, { calledAe: 'ELSEWHERE' })
    await a.transferIn('held')
    const counts = async () =>
      (await b.index.quality.totals()).find(({ source }) => source.kind === 'partner')?.counts
    const compared = 'bsn' in wrongly ? 0 : 1
    await eventually(async () => (await counts())?.compared === compared)
    expect(await counts()).toEqual({ received: 1, present: 1, valid: 1, compared, agreeing: 0 })
    const [item] = await b.exchange.worklist.list(1)
    await b.exchange.worklist.resolve(item?.id ?? '', decision, 'operator')
    // Also when it was not counted before the node stopped.
    await b.restart()
    const corrected = { received: 1, present: 1, valid: 1, compared: 1, agreeing }
    await eventually(async () => (await counts())?.agreeing === agreeing && (await counts())?.compared === 1)
    expect(await counts()).toEqual(corrected)
  },
)

it('a BSN of the administration that is none is counted by who sent it, without the number', async () => {
  await using net = await twoHospitals()
  const { b } = net
  expect(
    await b.tell(adt('A28', anna), adt('A31', { ...anna, bsn: '999990018' }), adt('A08', unnumberedAnna)),
  ).toEqual([...['AA', 'AA', 'AA']])
  expect([...b.index.quality.invalidStated()]).toEqual([['ZIS', 1]])
  await using web = await TestWeb.start(b)
  const quality = await web.call('/api/v1/quality', { as: 'operator' })
  expect(quality.json()).toMatchObject({ adt: [{ application: 'ZIS', invalid: 1 }] })
  const metrics = (await web.call('/metrics')).body.toString()
  expect(metrics).toContain('twiin_adt_invalid_bsns{application="ZIS"} 1')
  expect(metrics + quality.body.toString()).not.toContain('999990018')
})

it('the quality of BSNs is counted once a study, by hospital and by machine, without anything of a patient', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  await b.tell(adt('A28', anna))
  await b.receive({ seed: 'own 1' })
  await b.receive({ patient: { ...patient, id: '4712', name: 'Bakker^Piet' }, seed: 'own 2' })
  await b.receive({ patient: { ...patient, id: '4713', bsn: '999990018' }, seed: 'own 3' })
  await b.receive({ patient: { ...(unnumbered as typeof patient), id: '4714' }, seed: 'own 4' })
  await a.receive({}, { calledAe: 'ELSEWHERE' })
  const totals = await eventually(async () => {
    const now = await b.index.quality.totals()
    return now.reduce((sum, { counts }) => sum + counts.received, 0) === 5 && now
  })
  const of = (kind: string) => totals.filter(({ source }) => source.kind === kind)
  expect(of('partner')).toEqual([
    {
      source: { kind: 'partner', ura: '90000001' },
      counts: { received: 1, present: 1, valid: 1, compared: 1, agreeing: 1 },
    },
  ])
  expect(of('device')).toEqual([
    {
      source: { kind: 'device', callingAe: 'CT1', modality: 'CT' },
      counts: { received: 4, present: 3, valid: 2, compared: 2, agreeing: 1 },
    },
  ])
  expect(JSON.stringify(totals)).not.toMatch(/Jansen|4711|99999/)
})
