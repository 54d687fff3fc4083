import { attribute, itemsOf, textOf } from '@twiin/dicom'
import type { Attributes, AttributeValue } from '@twiin/dicom'
import { parseBsn } from '@twiin/patient-token'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, patient, twoHospitals } from '../testing/test-hospital.ts'
import type { TestHospital } from '../testing/test-hospital.ts'
import type { Asker, DeskQuery, QueryMatch, QueryOutcome } from './query.ts'
import { key } from './query-keys.ts'

const name = 'Yılmaz^Şeyma'
const bsn = parseBsn(patient.bsn)
const reader: Asker = {
  person: { id: 'ae:READER', name: 'Afdeling radiologie', role: 'radiologist' },
  federated: true,
  by: 'C-FIND READER',
}
const none: Attributes = new Map()
type Keys = Readonly<Record<string, AttributeValue>>
const keysOf = (keys: Keys): Attributes =>
  new Map(Object.entries(keys).map(([tag, value]) => attribute(tag, value)))

async function ask(
  hospital: TestHospital,
  keys: Keys,
  how: Partial<DeskQuery> = {},
): Promise<{ matches: QueryMatch[]; outcome: QueryOutcome }> {
  const run = hospital.exchange.queryDesk.find({ level: 'STUDY', keys: keysOf(keys), asker: reader, ...how })
  const matches: QueryMatch[] = []
  for await (const match of run) matches.push(match)
  return { matches, outcome: run.outcome }
}

async function publish(hospital: TestHospital): Promise<void> {
  const { consents, publisher } = hospital.index
  await consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await eventually(async () => (await hospital.audit('publish')).length > 0)
  await eventually(() => publisher.status().pending === 0)
}

let net: Awaited<ReturnType<typeof twoHospitals>>
let theirs: string
let own: string
beforeAll(async () => {
  net = await twoHospitals()
  const at = (id: string) => ({ patient: { ...patient, id, name } })
  theirs = (await net.a.receive({ ...at('A-1'), description: 'CT thorax', accessionNumber: 'ACC-A' }))
    .studyInstanceUid
  own = (await net.b.receive({ ...at('B-7'), kind: 'MR', description: 'MR knie', accessionNumber: 'ACC-B' }))
    .studyInstanceUid
  await publish(net.a)
}, 60_000)
afterAll(() => net[Symbol.asyncDispose]())

describe('a query that names a patient', () => {
  it('by local number answers with own studies and those of others, each with where it lies', async () => {
    const { matches, outcome } = await ask(net.b, { [key.patientId]: 'B-7' })
    expect(outcome).toEqual({ silent: [], truncated: false })
    const shown = matches.map(({ attributes, studyInstanceUid, local, holder }) => ({
      ...{ studyInstanceUid, local, ura: holder.ura },
      place: textOf(attributes, key.institutionName),
      from: textOf(attributes, key.retrieveAeTitle),
      availability: textOf(attributes, key.instanceAvailability),
      name: textOf(attributes, key.patientName),
      id: textOf(attributes, key.patientId),
    }))
    const common = { from: 'TWIIN', name, id: 'B-7' }
    expect(shown).toEqual([
      { studyInstanceUid: own, local: true, ura: '90000002', place: 'B', availability: 'ONLINE', ...common },
      {
        studyInstanceUid: theirs,
        local: false,
        ura: '90000001',
        place: 'A',
        availability: 'NEARLINE',
        ...common,
      },
    ])
  })

  it('by BSN under its issuer finds him, and by the same digits under another finds nobody', async () => {
    const found = async (issuer: string) =>
      (await ask(net.b, { [key.patientId]: bsn, [key.issuerOfPatientId]: issuer })).matches.length
    expect(await found('NLMINBIZA')).toBe(2)
    expect(await found('B')).toBe(0)
    expect(await found('ELSEWHERE')).toBe(0)
    const other = new Map([attribute(key.patientId, bsn), attribute(key.issuerOfPatientId, 'NLMINBIZA')])
    expect((await ask(net.b, { [key.otherPatientIds]: other })).matches).toHaveLength(2)
    const wrong = { [key.patientId]: '123456789', [key.issuerOfPatientId]: 'NLMINBIZA' }
    await expect(ask(net.b, wrong)).rejects.toThrow('BSN_INVALID')
  })

  it('is matched in all its keys, those that only the holder knows too', async () => {
    const found = async (keys: Keys) => {
      const { matches } = await ask(net.b, { [key.patientId]: 'B-7', ...keys })
      return matches.map(({ studyInstanceUid }) => studyInstanceUid)
    }
    expect(await found({ [key.studyDescription]: '*thorax*' })).toEqual([theirs])
    expect(await found({ [key.accessionNumber]: 'ACC-A' })).toEqual([theirs])
    expect(await found({ [key.accessionNumber]: 'ACC-B' })).toEqual([own])
    expect(await found({ [key.modalitiesInStudy]: 'MR' })).toEqual([own])
    expect(await found({ [key.studyDate]: '20260106-' })).toEqual([])
    expect(await found({ [key.patientName]: 'yilmaz*' })).toEqual([own, theirs])
    expect(await found({ [key.patientName]: 'yılmaz^seyma' })).toEqual([own, theirs])
  })

  it('is on record at both ends, with who answers for the system that asked', async () => {
    await ask(net.b, { [key.patientId]: 'B-7', [key.accessionNumber]: '' })
    const mine = (await net.b.audit('search')).at(-1)
    expect(mine).toMatchObject({ user: reader.person, purpose: { basis: 'treatment' }, emergency: false })
    const answered = await net.a.audit('search-answered')
    expect(answered.at(-1)).toMatchObject({
      ...{ user: reader.person, peer: { ura: '90000002' }, protocol: 'spec 13 §5' },
      objects: { studyInstanceUids: [theirs] },
    })
  })
})

describe('a study elsewhere', () => {
  const series = { [key.studyInstanceUid]: '', [key.patientId]: '' }

  it('is opened by series and instance once a search has shown it', async () => {
    await ask(net.b, { [key.patientId]: 'B-7' })
    const level = 'SERIES' as const
    const { matches } = await ask(net.b, { ...series, [key.studyInstanceUid]: theirs }, { level })
    expect(matches.map(({ attributes }) => textOf(attributes, key.modality))).toEqual(['CT'])
    const uid = textOf(matches[0]?.attributes ?? none, key.seriesInstanceUid)
    const images = await ask(
      net.b,
      { [key.studyInstanceUid]: theirs, [key.seriesInstanceUid]: uid },
      { level: 'IMAGE' },
    )
    expect(images.matches.map(({ attributes }) => attributes.get(key.rows)?.value)).toEqual([
      [16],
      [16],
      [16],
    ])
    const limited = await ask(net.b, { [key.studyInstanceUid]: theirs }, { level: 'IMAGE', limit: 2 })
    expect([limited.matches.length, limited.outcome.truncated]).toEqual([2, true])
  })

  it('is not opened by who has not searched for it, nor shown to who may only see what is here', async () => {
    const stranger = { ...reader, person: { ...reader.person, id: 'ae:OTHER' } }
    const at = { [key.studyInstanceUid]: theirs }
    expect((await ask(net.b, at, { level: 'SERIES', asker: stranger })).matches).toEqual([])
    expect(await net.b.exchange.queryDesk.locate(theirs, stranger)).toBeUndefined()
    const local = { ...reader, federated: false }
    const { matches } = await ask(net.b, { [key.patientId]: 'B-7' }, { asker: local })
    expect(matches.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([own])
    expect(await net.b.exchange.queryDesk.locate(theirs, local)).toBeUndefined()
  })
})

it('what an emergency found is for who names that search, and for no other query or move of the same person', async () => {
  const person = { id: 'dr', name: 'D. Ritter', role: 'radiologist' as const }
  const asker = { ...reader, person }
  const { consents } = net.a.index
  const { emergencies, searches, queryDesk } = net.b.exchange
  await consents.record(bsn, { scope: { kind: 'all' }, decision: 'permit', by: 'op' })
  await emergencies.open({ bsn, cause: 'other', reason: 'aneurysma, spoed' }, person)
  const purpose = { basis: 'emergency', reason: '' } as const
  // As a query of the same patient would ask, so that it could be taken for one that is fresh.
  const searchId = await searches.begin({ bsn, purpose, birthDate: patient.birthDate }, person)
  await eventually(() => searches.find(searchId, person)?.studies.some(({ local }) => !local))
  const series = async (how: object) =>
    (await ask(net.b, { [key.studyInstanceUid]: theirs }, { level: 'SERIES', asker, ...how })).matches
  expect(await series({})).toEqual([])
  expect(await queryDesk.locate(theirs, asker)).toBeUndefined()
  expect(await series({ searchId })).toHaveLength(1)
  const lines = (await net.a.audit('search-answered')).length
  expect((await ask(net.b, { [key.patientId]: 'B-7' }, { asker })).matches).toHaveLength(2)
  const asked = (await net.a.audit('search-answered')).slice(lines)
  expect(asked.map(({ emergency }) => emergency)).not.toContain(true)
  expect(asked.length).toBeGreaterThan(0)
  expect(await queryDesk.locate(theirs, asker)).toMatchObject({ local: false })
})

describe('a query here', () => {
  it.each([
    [{ [key.accessionNumber]: 'ACC-B' }, 1],
    [{ [key.studyDate]: '20260105' }, 1],
    [{ [key.studyDate]: '20260101-20260131' }, 1],
    [{ [key.studyDate]: '20260106-' }, 0],
    [{ [key.patientName]: 'YIL*' }, 1],
    [{ [key.patientName]: 'yıl*' }, 1],
    [{}, 1],
  ])('finds by %o: %i', async (keys, count) => {
    expect((await ask(net.b, keys)).matches).toHaveLength(count)
  })

  it('lists patients', async () => {
    const patients = await ask(net.b, { [key.patientId]: 'B-*' }, { level: 'PATIENT' })
    expect(patients.matches.map(({ attributes }) => textOf(attributes, key.patientStudies))).toEqual(['1'])
    const [seen] = patients.matches
    const ids = itemsOf(seen?.attributes ?? none, key.otherPatientIds)
    expect(ids.map((item) => textOf(item, key.patientId))).toEqual([bsn])
  })
})

describe('a patient whom only the administration knows', () => {
  const stated = { numbers: [], names: ['Jansen^Anna'], birthDate: patient.birthDate, sex: 'F', doubts: [] }

  it('is looked for elsewhere by his number here; whose number was merged, by the one he has now', async () => {
    const { localPatients } = net.b.index
    const number = (localId: string) => ({ localId, issuer: 'B' })
    await localPatients.state(number('B-9'), { ...stated, bsn: null }, '1')
    expect((await ask(net.b, { [key.patientId]: 'B-9' })).outcome.silent).toMatchObject([
      { status: 'failed', reason: 'BSN_UNKNOWN' },
    ])
    await localPatients.state(number('B-9'), { ...stated, bsn }, '2')
    const found = async (id: string) => (await ask(net.b, { [key.patientId]: id })).matches
    expect((await found('B-9')).map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([theirs])
    await localPatients.merge(number('B-7'), number('B-9'), '3')
    const merged = await found('B-7')
    expect(merged.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([own, theirs])
    expect(merged.map(({ attributes }) => textOf(attributes, key.patientId))).toEqual(['B-9', 'B-9'])
  })
})

it('a holder that does not answer keeps nothing back of what is here, and is named', async () => {
  net.a.online = false
  net.network.clock.moveOn(6000)
  const { matches, outcome } = await ask(net.b, { [key.patientId]: 'B-7' })
  expect(matches.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual([own])
  expect(outcome.silent).toMatchObject([{ ura: '90000001', status: 'unreachable' }])
  net.a.online = true
})
