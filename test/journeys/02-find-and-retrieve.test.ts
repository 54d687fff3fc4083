/** J3, J5: a study is stored at A; a radiologist at B finds it by BSN and has it in B's own PACS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hospitals } from '../../scripts/demo-network/hospitals.ts'
import { studiesOf } from '../../scripts/demo-network/sample-data.ts'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { dcmtkInstalled, dcmtkMissing, storescu } from '../support/dcmtk.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { readArrivals, readPacs } from '../support/pacs-dir.ts'
import { NodeApi, until } from '../support/node-api.ts'

const anna = '999990019'
let demo: Demo
let [a, b, c] = [] as unknown as [NodeApi, NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo()
  ;[a, b, c] = [0, 1, 2].map((index) => new NodeApi(demo.hospital(index))) as [NodeApi, NodeApi, NodeApi]
})
afterAll(() => demo[Symbol.asyncDispose]())

/** Until the study stands in the search result at `at`; how long that took since now. */
async function findable(at: NodeApi, bsn: string, studyInstanceUid: string) {
  const began = performance.now()
  const found = await until(
    async () => {
      const search = await at.search(bsn)
      const study = search.studies.find((candidate) => candidate.studyInstanceUid === studyInstanceUid)
      return study && { search, study }
    },
    { timeoutMs: 15_000, what: 'study is findable' },
  )
  return { ...found, afterMs: performance.now() - began }
}

describe.skipIf(!dcmtkInstalled)(`with storescu${dcmtkMissing}`, () => {
  test('a stored study is found elsewhere within five seconds, retrieved, and in that PACS identical', async () => {
    const [bsn] = unusedBsns
    const instances = newStudy({ seed: 'found', bsn, instances: 12 })
    await a.consent(bsn)
    const files = instances.map(({ bytes }) => bytes)
    const sent = await storescu(demo.hospital(0).dicom, files)
    expect(sent.code, sent.output).toBe(0)

    const { search, study, afterMs } = await findable(b, bsn, studyUidOf(instances))
    expect(afterMs).toBeLessThan(5_000)
    const bytes = instances.reduce((sum, instance) => sum + instance.bytes.length - instance.dataSetOffset, 0)
    expect(study).toMatchObject({
      detail: 'holder',
      holder: demo.hospital(0).ura,
      instances: 12,
      modalities: ['CT'],
      studyDate: '2025-05-05',
      description: 'CT test',
      reports: 0,
      local: false,
    })
    expect(Math.abs((study.bytes ?? 0) - bytes)).toBeLessThan(12 * 1024)

    const id = await b.retrieve(search.id, study)
    expect(await b.retrieved(id)).toMatchObject({ state: 'delivered', instances: { done: 12, total: 12 } })
    // storescu writes sequences anew; a PACS that keeps the bytes shows what it really sends.
    await storescu(demo.hospital(0).pacs, files)
    const received = await readPacs(demo.hospital(0).pacs.dir)
    const stored = instances.map(({ sopInstanceUid }) => received.get(sopInstanceUid))
    const filed = await expectDelivered(
      demo.hospital(1).pacs.dir,
      stored.filter((instance) => instance !== undefined),
    )
    expect(stored).toHaveLength(12)
    expect(filed).toEqual({
      patientId: `${demo.hospital(0).ura}.P-found`,
      issuer: `TWIIN:${demo.hospital(0).ura}`,
    })
  })
})

test('one search shows the priors in three hospitals, the own ones too, newest first', async () => {
  const search = await c.search(anna)
  expect(search.patient).toMatchObject({
    name: expect.stringContaining('Voorbeeld') as string,
    birthDate: '1958-03-21',
  })
  const rows = search.studies.map(({ holder, studyDate, local, reports }) => [
    holder,
    studyDate,
    local,
    reports,
  ])
  expect(rows).toEqual([
    ['90000001', '2024-05-14', false, 1],
    ['90000003', '2023-11-30', true, 0],
    ['90000002', '2022-09-08', false, 1],
    ['90000002', '2021-01-20', false, 0],
    ['90000001', '2018-03-02', false, 0],
    ['90000003', '2016-06-21', true, 0],
  ])
  expect(search.holders.map(({ ura, status }) => [ura, status]).sort()).toEqual(
    demo.network.hospitals.map(({ ura }) => [ura, 'answered']),
  )
})

test('priors of a patient who is known here are filed under the number that he has here', async () => {
  const search = await c.search(anna)
  const elsewhere = search.studies.filter(({ local }) => !local)
  const ids = await Promise.all(elsewhere.map((study) => c.retrieve(search.id, study)))
  for (const id of ids) expect(await c.retrieved(id)).toMatchObject({ state: 'delivered' })
  const wanted = elsewhere.map(({ studyInstanceUid }) => studyInstanceUid)
  for (const study of hospitals.slice(0, 2).flatMap(studiesOf)) {
    if (!wanted.includes(study.studyInstanceUid)) continue
    const filed = await expectDelivered(demo.hospital(2).pacs.dir, study.instances)
    expect(filed).toEqual({ patientId: '300100', issuer: 'ZIS-OOSTERKADE' })
  }
})

test('retrieving once more delivers the same bytes again', async () => {
  const search = await c.search(anna)
  const study = search.studies.find(({ holder }) => holder === '90000001')
  const id = await c.retrieve(search.id, {
    holder: '90000001',
    studyInstanceUid: study?.studyInstanceUid ?? '',
  })
  expect(await c.retrieved(id)).toMatchObject({ state: 'delivered' })
  const arrivals = Map.groupBy(
    await readArrivals(demo.hospital(2).pacs.dir),
    ({ sopInstanceUid }) => sopInstanceUid,
  )
  const again = [...arrivals.values()].filter((times) => times.length > 1)
  expect(again).toHaveLength(study?.instances ?? 0)
  for (const times of again) expect(new Set(times.map(({ sha256 }) => sha256)).size).toBe(1)
})

test('somebody unknown gives an empty and complete result', async () => {
  const search = await b.search('999990147')
  expect(search).toMatchObject({ complete: true, studies: [] })
})

test('a study without BSN is kept and shown with the reason, and is found by nobody', async () => {
  const held = await a.studies()
  const reasons = held.map(({ publication }) => publication.reason)
  expect(reasons).toContain('NO_BSN')
})

test('search and retrieval are on record at both ends', async () => {
  const [there, here] = await Promise.all([a.audit(), b.audit()])
  expect([there.chain.ok, here.chain.ok]).toEqual([true, true])
  const uid = studyUidOf(newStudy({ seed: 'found' }))
  const about = ({ events }: typeof here) =>
    events.filter(({ objects }) => objects?.studyInstanceUids?.includes(uid)).map(({ event }) => event)
  expect(about(here)).toEqual(expect.arrayContaining(['retrieve-requested', 'study-received', 'study-filed']))
  expect(about(there)).toEqual(expect.arrayContaining(['study-stored', 'study-served']))
  const search = here.events.find(({ event }) => event === 'search')
  expect(search).toMatchObject({ user: { role: 'radiologist' }, purpose: { basis: 'treatment' } })
  const answered = there.events.filter(
    ({ event, peer }) => event === 'search-answered' && peer?.ura === '90000002',
  )
  expect(answered.length).toBeGreaterThan(0)
})

test('a modality sends a study in two halves: found whole', async () => {
  const bsn = unusedBsns[1]
  const instances = newStudy({ seed: 'halves', bsn, instances: 6 })
  const to = { ...demo.hospital(0).dicom, calledAe: demo.hospital(0).dicom.aeTitle, callingAe: 'BARSCU' }
  await storeInstances(to, instances.slice(0, 3))
  await a.consent(bsn)
  await storeInstances(to, instances.slice(3))
  await until(async () => (await b.search(bsn)).studies.some((study) => study.instances === 6), {
    timeoutMs: 10_000,
    what: 'both halves are found',
  })
})
