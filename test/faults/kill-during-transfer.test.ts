/** spec 05 §4: a retrieval survives the death of either end, and resumes where it was. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { readArrivals } from '../support/pacs-dir.ts'

const instances = 90
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo({ hospitals: 2, empty: true })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
})
afterAll(() => demo[Symbol.asyncDispose]())

/** A big study of somebody new is at A; B has asked for it. */
async function beginRetrieval(seed: string, bsn: string) {
  const study = newStudy({ seed, bsn, instances, size: 256 })
  await a.consent(bsn)
  const { dicom } = demo.hospital(0)
  await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
  const search = await until(
    async () => {
      const search = await b.search(bsn)
      return search.studies.some((row) => row.studyInstanceUid === studyUidOf(study)) && search
    },
    { timeoutMs: 15_000, what: 'study is findable' },
  )
  const id = await b.retrieve(search.id, { holder: '90000001', studyInstanceUid: studyUidOf(study) })
  return { study, id }
}

const arrived = async () => (await readArrivals(demo.hospital(1).pacs.dir)).length
const bytesDone = async (id: string) => (await b.retrieval(id)).bytes.done

test('B is killed while it receives: the retrieval resumes, and each instance is in the PACS once', async () => {
  const { study, id } = await beginRetrieval('receiving', unusedBsns[0])
  const total = study.reduce((sum, { bytes }) => sum + bytes.length, 0)
  await until(async () => (await bytesDone(id)) > total / 10, { timeoutMs: 20_000, what: 'part is here' })
  await demo.kill(1)
  expect(await arrived()).toBe(0)
  await demo.restart(1)
  expect(await b.retrieved(id)).toMatchObject({
    state: 'delivered',
    instances: { done: instances, total: instances },
  })
  await expectDelivered(demo.hospital(1).pacs.dir, study)
})

test('B is killed while it files: at most the one instance in doubt goes to the PACS again, identical', async () => {
  const before = await arrived()
  const { study, id } = await beginRetrieval('filing', unusedBsns[1])
  await until(async () => (await arrived()) > before + 10, {
    timeoutMs: 30_000,
    what: 'some are in the PACS',
  })
  await demo.kill(1)
  expect(await arrived()).toBeLessThan(before + instances)
  await demo.restart(1)
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered' })
  await expectDelivered(demo.hospital(1).pacs.dir, study, { inDoubt: 1 })
})

test('A is killed while it serves: B waits, says why, and goes on when A is back', async () => {
  const { study, id } = await beginRetrieval('serving', unusedBsns[2])
  await until(async () => (await bytesDone(id)) > 0, { timeoutMs: 20_000, what: 'the first bytes are here' })
  await demo.kill(0)
  const waiting = await until(
    async () => {
      const transfer = await b.retrieval(id)
      return transfer.state === 'queued' && transfer.reason !== undefined && transfer
    },
    { timeoutMs: 30_000, what: 'B has noticed' },
  )
  expect(waiting.instances.done).toBeLessThan(instances)
  await demo.restart(0)
  expect(await b.retrieved(id)).toMatchObject({ state: 'delivered' })
  await expectDelivered(demo.hospital(1).pacs.dir, study)
})
