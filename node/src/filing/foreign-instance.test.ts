import { parseBsn } from '@twiin/patient-token'
import { describe, expect, it } from 'vitest'
import { KeptStudy } from '../retrieve/keep-received.ts'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

/** A knows the UIDs of B, and stores what it likes under them before it sends. */
const bert = { id: '5000', bsn: '999990020', name: 'Bakker^Bert', birthDate: '1970-01-01', sex: 'M' as const }
const elsewhere = { calledAe: 'ELSEWHERE' }
const bsn = parseBsn(patient.bsn)
const ownStudies = async ({ index }: TestHospital) => (await index.patients.studiesOf(bsn)).length
const openItems = async ({ exchange }: TestHospital) =>
  (await exchange.worklist.list(10)).filter(({ state }) => state === 'open')

async function decideSame(hospital: TestHospital, item: { id: string; transferId?: string }) {
  await hospital.exchange.worklist.resolve(item.id, 'same-patient', 'operator')
  await hospital.exchange.book.change(item.transferId ?? '', { state: 'queued', nextTryAt: 0 })
}

describe('what arrives under the UID of a study made here', () => {
  it('for another patient is held; the own study stays as it is, and can be found', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { studyInstanceUid } = await b.receive({ seed: 'own' })
    await b.receive({ seed: 'bert', patient: bert })
    const before = await b.ground.studies.studyByUid(studyInstanceUid)
    const { bsn: _, ...withoutBsn } = bert
    await a.receive({ seed: 'attack', studyInstanceUid, patient: withoutBsn }, elsewhere)
    await a.transferIn('held')
    expect(await openItems(b)).toMatchObject([{ kind: 'PATIENT_CONFLICT', local: { localId: patient.id } }])
    expect(await b.ground.studies.studyByUid(studyInstanceUid)).toEqual(before)
    expect(await ownStudies(b)).toBe(1)
    expect(b.archive.stored).toEqual([])
  })

  it('never makes a study of nobody somebody’s', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { bsn: _, ...withoutBsn } = patient
    const { studyInstanceUid } = await b.receive({ seed: 'own', patient: withoutBsn })
    await a.receive({ seed: 'attack', studyInstanceUid }, elsewhere)
    await a.transferIn('held')
    expect(await ownStudies(b)).toBe(0)
  })

  it('never takes the place of an own image, in the store or in the PACS', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const own = await b.receive({ seed: 'own' })
    const forged = await a.receive({ seed: 'own', description: 'something else' }, elsewhere)
    expect(forged.studyInstanceUid).toBe(own.studyInstanceUid)
    expect(await b.transferIn('failed')).toMatchObject({ reason: 'INSTANCE_CONFLICT' })
    expect(b.archive.stored).toEqual([])
    expect(await ownStudies(b)).toBe(1)
  })

  it('first never keeps the own modality from storing, nor the study from being found', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await a.receive({ seed: 'own', patient: bert }, elsewhere)
    await a.transferIn('delivered')
    expect((await b.receive({ seed: 'own' })).statuses).toEqual([0, 0, 0])
    expect(await ownStudies(b)).toBe(1)
  })

  it('and is identical goes to the PACS as it was made here', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ seed: 'own' })
    const { studyInstanceUid, instances } = await a.receive({ seed: 'own', institution: 'B' }, elsewhere)
    await a.transferIn('delivered')
    expect(await b.ground.studies.copiesOf(studyInstanceUid)).toHaveLength(2)
    const made = instances.map(({ bytes, dataSetOffset }) => Buffer.from(bytes.subarray(dataSetOffset)))
    const taken = b.archive.stored.map(({ dataSet }) => Buffer.from(dataSet))
    const inOrder = (sets: Buffer[]) => sets.sort((x, y) => x.compare(y))
    expect(inOrder(taken)).toEqual(inOrder(made))
  })
})

it('a decision holds for what the person saw: when the holder adds somebody else, it is asked anew', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  await b.receive({ seed: 'own', patient: { ...patient, id: '0815', birthDate: '1961-01-01' } })
  const { studyInstanceUid } = await a.receive({ seed: 'sent' }, elsewhere)
  await a.transferIn('held')
  const [seen] = await openItems(b)
  if (seen === undefined) throw new Error('not held')
  await a.receive({ seed: 'more', instances: 1, studyInstanceUid, patient: bert })
  await a.exchange.sends.request(
    { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'again' },
    radiologist,
  )
  await eventually(async () => (await openItems(b)).length === 2)
  await decideSame(b, seen)
  const anew = await eventually(async () =>
    (await openItems(b)).find(({ transferId, id }) => transferId === seen.transferId && id !== seen.id),
  )
  expect(anew.kind).toBe('IDENTITY_CONFLICT')
  expect(b.archive.stored).toEqual([])
})

it('only the instances of the transfer itself are filed', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  const { studyInstanceUid } = await a.receive({ seed: 'sent' }, elsewhere)
  await a.transferIn('delivered')
  const [arrival] = await b.transfers()
  if (arrival === undefined) throw new Error('nothing arrived')
  await a.receive({ seed: 'more', instances: 1, studyInstanceUid }, elsewhere)
  await eventually(() => b.archive.stored.length === 7)
  await b.exchange.book.change(arrival.id, { state: 'queued', nextTryAt: 0 })
  await eventually(async () => (await b.exchange.book.get(arrival.id))?.state === 'delivered')
  expect(b.archive.stored).toHaveLength(7)
})

it('an instance of another study, or from another hospital, never counts as brought', async () => {
  await using net = await twoHospitals()
  const { a, b } = net
  const { studyInstanceUid, instances } = await a.receive({ seed: 'sent' }, elsewhere)
  await a.transferIn('delivered')
  const { studies, heads } = b.ground
  const known = await studies.instanceByUid(instances[0]?.sopInstanceUid ?? '', '90000001')
  if (known === undefined) throw new Error('nothing arrived')
  const has = (uid: string, holderUra: string) =>
    new KeptStudy({ studyInstanceUid: uid, holderUra, transferId: '00' }, { studies, heads }).has({
      ...known,
      bytes: known.size,
    })
  expect(await has(studyInstanceUid, '90000001')).toBe(true)
  expect(await has('1.2.3', '90000001')).toBe(false)
  expect(await has(studyInstanceUid, '90000003')).toBe(false)
})
