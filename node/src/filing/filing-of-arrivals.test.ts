import { createHash } from 'node:crypto'
import { patientIdIn } from '../testing/read-identifiers.ts'
import { describe, expect, it } from 'vitest'
import { eventually, patient, radiologist, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'

/** What a PACS has, by patient number. */
const filedAs = ({ archive }: TestHospital) => [
  ...new Set(archive.stored.map(({ dataSet }) => patientIdIn(dataSet))),
]
const openItem = (hospital: TestHospital) =>
  eventually(async () => (await hospital.exchange.worklist.list(10)).find(({ state }) => state === 'open'))

async function resolve(hospital: TestHospital, decision: 'same-patient' | 'other-patient' | 'reject') {
  const item = await openItem(hospital)
  await hospital.exchange.worklist.resolve(item.id, decision, 'operator')
  await hospital.exchange.book.change(item.transferId ?? '', { state: 'queued', nextTryAt: 0 })
  return item
}
/** B knows the patient under another number and with another birth date. */
const differently = {
  id: '0815',
  bsn: patient.bsn,
  name: patient.name,
  birthDate: '1961-01-01',
  sex: 'F' as const,
}

describe('an arrival', () => {
  it('of a patient known here is filed under the number he has here', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: { ...patient, id: '0815' } })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['0815 B'])
  })

  it('of somebody with a number that another patient here has is filed apart, with a notice', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: { ...patient, bsn: '999991772', name: 'Bakker^Piet' } })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['90000001.4711 TWIIN:90000001'])
    expect(await b.exchange.worklist.list(10)).toMatchObject([
      { state: 'notice', incoming: { name: patient.name }, local: { name: 'Bakker^Piet' } },
    ])
  })

  it.each([
    ['that says so', { issuer: 'NLMINBIZA' }],
    ['by its OID', { issuer: '2.16.840.1.113883.2.4.6.3' }],
    ['that only another number says is one', { issuer: 'A', bsn: '999991772' }],
  ])('whose number is a BSN, %s, gets an external number without it, always the same', async (_, number) => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { bsn: _bsn, ...unnumbered } = patient
    const who = { ...unnumbered, ...number, id: '999991772' } as typeof patient
    await a.receive({ patient: who, seed: 'one' }, { calledAe: 'ELSEWHERE' })
    await a.receive({ patient: who, seed: 'two' }, { calledAe: 'ELSEWHERE' })
    await eventually(() => b.archive.stored.length === 6)
    expect(filedAs(b)).toEqual([expect.stringMatching(/^90000001\.[0-9a-f]{32} TWIIN:90000001$/)])
    expect(filedAs(b).join()).not.toContain(createHash('sha256').update(who.id).digest('hex').slice(0, 32))
  })

  it.each([
    ['one of whom our own study has no BSN', { bsn: undefined }, {}],
    ['one of whom it has none itself', { id: '0815' }, { bsn: undefined }],
    ['one whose BSN is mistyped', { id: '0815', name: 'Jansen-de Vries^A' }, { bsn: '999990007' }],
  ])('of somebody alike, %s, waits for a person', async (_name, here, there) => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: { ...patient, ...here } as typeof patient, seed: 'own' })
    await a.receive({ patient: { ...patient, ...there } as typeof patient }, { calledAe: 'ELSEWHERE' })
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
    expect(b.archive.stored).toEqual([])
  })

  it('of a patient known here with a difference waits for a person, and both hospitals show so', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: differently })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    expect(await a.transferIn('held')).toMatchObject({ reason: 'PATIENT_CONFLICT' })
    expect(await openItem(b)).toMatchObject({ kind: 'PATIENT_CONFLICT', differences: ['birthDate'] })
    expect(b.archive.stored).toEqual([])
  })

  it.each([
    ['same-patient', ['0815 B'], 'delivered'],
    ['other-patient', ['90000001.4711 TWIIN:90000001'], 'delivered'],
    ['reject', [], 'failed'],
  ] as const)('that a person resolved as %s is filed so, once', async (decision, filed, state) => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: differently })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    await resolve(b, decision)
    await a.transferIn(state)
    expect(filedAs(b)).toEqual(filed)
    expect(b.archive.offered).toHaveLength(filed.length * 3)
  })

  it('that was resolved right before a crash goes on at the next start', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    await b.receive({ patient: differently })
    await a.receive({}, { calledAe: 'ELSEWHERE' })
    const item = await openItem(b)
    await b.transferIn('held')
    await b.exchange.worklist.resolve(item.id, 'other-patient', 'operator')
    await b.restart()
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['90000001.4711 TWIIN:90000001'])
  })

  it('that says of itself that it is two patients is never filed under a number it brought along', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    // Its number is that of another person at B, and its issuer claims to be B's own.
    await b.receive({ patient: { ...patient, bsn: '999991772', name: 'Bakker^Piet' }, seed: 'b' })
    const forged = { ...patient, issuer: 'B' }
    const first = await a.receive({ patient: forged, instances: 1, seed: 's' })
    const { studyInstanceUid } = first
    await a.receive({
      patient: { ...forged, birthDate: '1970-01-01' },
      instances: 2,
      kind: 'MR',
      seed: 's',
      studyInstanceUid,
    })
    await a.exchange.sends.request(
      { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'verwijzing' },
      radiologist,
    )
    expect(await resolve(b, 'same-patient')).toMatchObject({ kind: 'IDENTITY_CONFLICT' })
    await a.transferIn('delivered')
    expect(filedAs(b)).toEqual(['90000001.4711 TWIIN:90000001'])
  })

  it('is the same bytes when it is delivered again', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { studyInstanceUid } = await a.receive(
      { accessionNumber: 'ACC-1234567890XY' },
      { calledAe: 'ELSEWHERE' },
    )
    await a.transferIn('delivered')
    const before = b.archive.stored.splice(0).map(({ sha256 }) => sha256)
    network(b).moveOn(3_600_000)
    await a.exchange.sends.request(
      { studyInstanceUids: [studyInstanceUid], recipient: { ura: '90000002' }, reason: 'nogmaals' },
      radiologist,
    )
    await eventually(() => b.archive.stored.length === 3)
    expect(b.archive.stored.map(({ sha256 }) => sha256).sort()).toEqual(before.sort())
  })

  it('with a report for a study of our own joins it under our number, alone, when the patient is surely the same', async () => {
    await using net = await twoHospitals()
    const { a, b } = net
    const { studyInstanceUid } = await b.receive({ seed: 'x' })
    const report = { kind: 'SR', instances: 1, seed: 'y', studyInstanceUid } as const
    await a.receive({ ...report, patient: { ...patient, id: '0815' } }, { calledAe: 'ELSEWHERE' })
    await a.transferIn('delivered')
    expect(b.archive.stored.map(({ dataSet }) => patientIdIn(dataSet))).toEqual(['4711 B'])
  })
})

const network = ({ network: { clock } }: TestHospital) => clock
