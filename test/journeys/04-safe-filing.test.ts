/** ADR 0004: a study enters a PACS only under a number that cannot be somebody else's. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hospitals } from '../../scripts/demo-network/hospitals.ts'
import { studiesOf } from '../../scripts/demo-network/sample-data.ts'
import type { DemoStudy } from '../../scripts/demo-network/sample-data.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { readPacs } from '../support/pacs-dir.ts'

const [carla, dirk, els] = ['999990032', '999990044', '999990056'] as const
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo({ hospitals: 2 })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
})
afterAll(() => demo[Symbol.asyncDispose]())

function studyOf(bsn: string, at: number): DemoStudy {
  const study = hospitals
    .slice(at, at + 1)
    .flatMap(studiesOf)
    .find(({ planned }) => planned.patient.bsn === bsn)
  if (study === undefined) throw new Error('no such sample study')
  return study
}

/** Retrieves the study that `holder` has of this person; resolves to how that ended. */
async function retrieve(at: NodeApi, bsn: string, holder: number) {
  const search = await at.search(bsn)
  const study = search.studies.find((candidate) => candidate.holder === demo.hospital(holder).ura)
  if (study === undefined) throw new Error('not found')
  return at.retrieved(await at.retrieve(search.id, study))
}

test('two persons with one local number: each is filed apart, under a number that holds the URA of the holder', async () => {
  expect(await retrieve(b, carla, 0)).toMatchObject({ state: 'delivered' })
  expect(await retrieve(a, dirk, 1)).toMatchObject({ state: 'delivered' })
  const atB = await expectDelivered(demo.hospital(1).pacs.dir, studyOf(carla, 0).instances)
  const atA = await expectDelivered(demo.hospital(0).pacs.dir, studyOf(dirk, 1).instances)
  expect(atB).toEqual({ patientId: '90000001.100200', issuer: 'TWIIN:90000001' })
  expect(atA).toEqual({ patientId: '90000002.100200', issuer: 'TWIIN:90000002' })
})

test('the worklist of each shows both persons', async () => {
  const shown = async (at: NodeApi, study: DemoStudy) =>
    (await at.exceptions()).find((item) => item.study.studyInstanceUid === study.studyInstanceUid)
  expect(await shown(b, studyOf(carla, 0))).toMatchObject({
    kind: 'PATIENT_CONFLICT',
    state: 'notice',
    incoming: { name: 'Tweeling^Carla', localId: '100200', bsn: '*****0032' },
    local: { name: 'Dubbelganger^Dirk', localId: '100200', bsn: '*****0044' },
  })
  expect(await shown(a, studyOf(dirk, 1))).toMatchObject({
    incoming: { name: 'Dubbelganger^Dirk', bsn: '*****0044' },
    local: { name: 'Tweeling^Carla', bsn: '*****0032' },
  })
})

test('one BSN with two birth dates: held, with the difference named, and nothing of it in the PACS', async () => {
  const before = (await readPacs(demo.hospital(1).pacs.dir)).size
  expect(await retrieve(b, els, 0)).toMatchObject({ state: 'held', reason: 'PATIENT_CONFLICT' })
  const item = (await b.exceptions()).find(({ state }) => state === 'open')
  expect(item).toMatchObject({
    kind: 'PATIENT_CONFLICT',
    differences: ['birthDate'],
    incoming: { localId: '100400', birthDate: '1961-04-12' },
    local: { localId: '700400', birthDate: '1961-12-04' },
  })
  expect((await readPacs(demo.hospital(1).pacs.dir)).size).toBe(before)
})

test('after a restart it is still held; an operator decides, and only then it is filed, as decided', async () => {
  await demo.kill(1)
  await demo.restart(1)
  const item = await until(async () => (await b.exceptions()).find(({ state }) => state === 'open'), {
    timeoutMs: 10_000,
    what: 'the conflict stands on the worklist',
  })
  const path = `/api/v1/exceptions/${item.id}/resolution`
  const decision = { decision: 'other-patient' }
  expect(await b.as('radiologist').ask('POST', path, decision)).toMatchObject({ status: 403 })
  await b.as('operator').call('POST', path, decision)
  expect(await b.retrieved(item.transferId ?? '')).toMatchObject({ state: 'delivered' })
  const filed = await expectDelivered(demo.hospital(1).pacs.dir, studyOf(els, 0).instances)
  expect(filed).toEqual({ patientId: '90000001.100400', issuer: 'TWIIN:90000001' })
})

test('the other way round an operator says that it is the same person: filed under the number here', async () => {
  const retrieval = await retrieve(a, els, 1)
  expect(retrieval).toMatchObject({ state: 'held' })
  const item = (await a.exceptions()).find(({ state }) => state === 'open')
  await a
    .as('operator')
    .call('POST', `/api/v1/exceptions/${item?.id}/resolution`, { decision: 'same-patient' })
  expect(await a.retrieved(retrieval.id)).toMatchObject({ state: 'delivered' })
  const filed = await expectDelivered(demo.hospital(0).pacs.dir, studyOf(els, 1).instances)
  expect(filed).toEqual({ patientId: '100400', issuer: 'ZIS-VOORBEELD' })
})

test('nobody ever stands in a PACS under the number of somebody else', async () => {
  const owners = new Map<string, string>()
  for (const hospital of demo.network.hospitals) {
    for (const { dataSet } of (await readPacs(hospital.pacs.dir)).values()) {
      const text = dataSet.subarray(0, 4096).toString('utf8')
      const name = ['Carla', 'Dirk', 'Els', 'Anna'].find((candidate) => text.includes(`^${candidate}`)) ?? ''
      const number = `${hospital.ura}/${/\x10\x00\x20\x00LO..([0-9.]+)/s.exec(text)?.[1] ?? ''}`
      expect(owners.get(number) ?? name).toBe(name)
      owners.set(number, name)
    }
  }
  expect(owners.size).toBeGreaterThan(3)
})
