import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Sealer, Store } from '@twiin/store'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Holdings, collect, headOf, remote } from './testing.ts'

let holdings: Holdings
beforeEach(async () => {
  holdings = await Holdings.create()
})
afterEach(() => holdings[Symbol.asyncDispose]())

const receive = (sop: string, other = {}, facts = {}) =>
  holdings.receive(headOf(sop, other), randomBytes(100), facts)
const uids = async (studies: AsyncIterable<{ studyInstanceUid: string }>) =>
  (await collect(studies)).map(({ studyInstanceUid }) => studyInstanceUid)

it('a study is found by its accession number and its day, whichever instance told them, also after a restart', async () => {
  await receive('1.1', { studyInstanceUid: '1', studyDate: undefined })
  await receive('1.2', { studyInstanceUid: '1', accessionNumber: 'ACC-1', studyDate: '2026-01-05' })
  await receive('2.1', { studyInstanceUid: '2', accessionNumber: 'ACC-2', studyDate: '2026-01-05' })
  await receive('3.1', { studyInstanceUid: '3', accessionNumber: 'ACC-1' }, { origin: remote })
  await holdings.restart()
  const { studies } = holdings
  expect(await uids(studies.studiesWithAccession('ACC-1'))).toEqual(['1'])
  // Of two that came within a millisecond either may be first.
  expect((await uids(studies.studiesOnDay('2026-01-05'))).sort()).toEqual(['1', '2'])
  expect(await uids(studies.studiesOnDay('2026-01-06'))).toEqual([])
})

it('what a query asks of a study, its series and its instances is kept', async () => {
  await receive('1.1', {
    studyInstanceUid: '1',
    seriesInstanceUid: '1.0',
    studyId: 'S1',
    referringPhysician: 'Bakker^B',
    seriesDate: '2026-01-05',
    seriesTime: '10:30:00',
    rows: 512,
    columns: 640,
    numberOfFrames: 3,
  })
  const study = await holdings.studies.studyByUid('1')
  expect(study).toMatchObject({ studyId: 'S1', referringPhysician: 'Bakker^B' })
  const handle = study?.handle ?? ''
  expect(await collect(holdings.studies.series(handle))).toMatchObject([
    { date: '2026-01-05', time: '10:30:00' },
  ])
  expect(await collect(holdings.studies.instances(handle))).toMatchObject([
    { rows: 512, columns: 640, numberOfFrames: 3 },
  ])
})

const bornOn = async (day: string) =>
  (await collect(holdings.studies.patientsBornOn(day))).map(({ localId, name }) => `${localId} ${name}`)

it('patients are found by the day they were born on, as our own studies say; others’ studies say nothing', async () => {
  await receive('1.1', { patientId: { id: '1', issuer: 'A' }, birthDate: undefined })
  await receive('1.2', { patientId: { id: '1', issuer: 'A' } })
  await receive('2.1', {
    studyInstanceUid: '2',
    patientId: { id: '2', issuer: 'A' },
    birthDate: '1951-02-01',
  })
  await receive('3.1', { studyInstanceUid: '3', patientId: { id: '3', issuer: 'A' } }, { origin: remote })
  expect(await bornOn('1950-02-01')).toEqual(['1 Jansen^Jan'])
  expect(await bornOn('1951-02-01')).toEqual(['2 Jansen^Jan'])
  expect(await bornOn('1952-02-01')).toEqual([])
})

it('patients of before their birth dates were indexed are found once the node has run for a while', async () => {
  await receive('1.1')
  await holdings.stop()
  const sealer = await Sealer.open(join(holdings.dir, 'key'))
  const store = new Store({ dir: join(holdings.dir, 'catalogue') }, { sealer })
  await store.start()
  for (const bucket of ['patient-of-birth-date', 'study-store-upgrade'] as const) {
    const records = store.repository(bucket, { keys: 'plain-opaque' })
    for (const [key] of await collect(records.entries())) await records.delete(key)
  }
  await store.stop()
  await holdings.start()
  await expect.poll(() => bornOn('1950-02-01'), { interval: 5 }).toEqual(['4711 Jansen^Jan'])
})
