/** The registry is gone. The network goes on; only what needs it says so. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

const anna = '999990019'
const carla = '999990032'
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo()
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  await demo.kill('registry')
})
afterAll(() => demo[Symbol.asyncDispose]())

test('patients known here are found everywhere', async () => {
  const search = await b.search(anna)
  expect(search.studies.filter(({ local }) => !local)).toHaveLength(4)
})

test('others get TOKEN_UNAVAILABLE, no empty result', async () => {
  expect(await b.trySearch(carla)).toMatchObject({ status: 503, body: { code: 'TOKEN_UNAVAILABLE' } })
})

test('what was found is retrieved', async () => {
  const search = await b.search(anna)
  const study = search.studies.find(({ holder }) => holder === '90000003')
  if (study === undefined) throw new Error('not found')
  expect(await b.retrieved(await b.retrieve(search.id, study))).toMatchObject({ state: 'delivered' })
})

test('a study of a patient known here is stored, published and found elsewhere', async () => {
  const study = newStudy({
    seed: 'meanwhile',
    bsn: anna,
    instances: 1,
    patient: { id: '100100', name: 'Voorbeeld^Anna', birthDate: '1958-03-21' },
  })
  const { dicom } = demo.hospital(0)
  await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
  await until(
    async () => (await b.search(anna)).studies.some((row) => row.studyInstanceUid === studyUidOf(study)),
    { timeoutMs: 5_000, what: 'found' },
  )
})

test('a send arrives', async () => {
  const study = newStudy({ seed: 'sent meanwhile', instances: 1 })
  const { dicom } = demo.hospital(0)
  const calledAe = dicom.sendTo['90000002'] ?? ''
  await storeInstances({ ...dicom, calledAe, callingAe: 'STORESCU' }, study)
  await until(
    async () => {
      await expectDelivered(demo.hospital(1).pacs.dir, study)
      return true
    },
    { timeoutMs: 20_000, what: 'delivered' },
  )
})

test('a node that restarts meanwhile comes back and is ready', async () => {
  await demo.kill(0, 'SIGTERM')
  await demo.restart(0)
  const status = await a.as('operator').call<{ registry: { reachable: boolean } }>('GET', '/api/v1/status')
  expect(status.registry.reachable).toBe(false)
  let holders: unknown
  const search = await until(
    async () => {
      const result = await b.search(anna)
      holders = result.holders
      return result.status('90000001') === 'answered' && result
    },
    // Several searches: one waits eight seconds for a hospital that is slow to answer.
    { timeoutMs: 40_000, what: 'A answers again' },
  ).catch((error: unknown) => {
    throw new Error(`last found: ${JSON.stringify(holders)}`, { cause: error })
  })
  expect(search.studies.length).toBe(7)
})
