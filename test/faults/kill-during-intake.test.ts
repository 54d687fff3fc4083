/** Whatever a modality was told is stored, is stored, at whatever moment the node is killed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { newStudy, studyUidOf, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo({ hospitals: 2, empty: true })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
})
afterAll(() => demo[Symbol.asyncDispose]())

test.each([1, 7, 40])(
  'A is killed after %i instances: every one it acknowledged is there, and identical',
  async (after) => {
    const bsn = unusedBsns[after % unusedBsns.length] ?? ''
    const study = newStudy({ seed: `killed ${after}`, bsn, instances: 60 })
    await a.consent(bsn)
    const { dicom } = demo.hospital(0)
    const to = { ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }
    const acknowledged = new Set<string>()
    const enough = Promise.withResolvers<void>()
    const sending = storeInstances(to, study, ({ sopInstanceUid }, { status }) => {
      if (status === 0) acknowledged.add(sopInstanceUid)
      if (acknowledged.size === after) enough.resolve()
    })
    sending.catch(() => {})
    await enough.promise
    await demo.kill(0)
    await expect(sending).rejects.toThrow()
    await demo.restart(0)

    const held = (await a.studies()).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf(study))
    // The one that was under way may have been stored without having been acknowledged.
    expect(held?.instances).toBeGreaterThanOrEqual(acknowledged.size)
    expect(held?.instances).toBeLessThanOrEqual(acknowledged.size + 1)

    const { search, row } = await until(
      async () => {
        const search = await b.search(bsn)
        const row = search.studies.find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf(study))
        return row && { search, row }
      },
      { timeoutMs: 15_000, what: 'what was acknowledged is findable' },
    )
    expect(await b.retrieved(await b.retrieve(search.id, row))).toMatchObject({ state: 'delivered' })
    const stored = study.filter(({ sopInstanceUid }) => acknowledged.has(sopInstanceUid))
    expect(stored.length).toBeGreaterThanOrEqual(after)
    await expectDelivered(demo.hospital(1).pacs.dir, stored)

    // The modality sends all of it again, as modalities do: the study becomes whole, and nothing is there twice.
    const again = await storeInstances(to, study)
    expect(again.every(({ status }) => status === 0)).toBe(true)
    const whole = (await a.studies()).find(({ studyInstanceUid }) => studyInstanceUid === studyUidOf(study))
    expect(whole?.instances).toBe(60)
  },
)

test('killed after a routed study was acknowledged: it is sent after the restart', async () => {
  const study = newStudy({ seed: 'killed routed', instances: 3 })
  const { dicom } = demo.hospital(0)
  const calledAe = dicom.sendTo[demo.hospital(1).ura] ?? ''
  let killed: Promise<void> | undefined
  await storeInstances({ ...dicom, calledAe, callingAe: 'STORESCU' }, study, ({ sopInstanceUid }) => {
    if (sopInstanceUid === study.at(-1)?.sopInstanceUid) killed = demo.kill(0)
  }).catch(() => [])
  await killed
  await demo.restart(0)
  await until(
    async () => {
      await expectDelivered(demo.hospital(1).pacs.dir, study)
      return true
    },
    { timeoutMs: 30_000, what: 'the routed study is in the PACS of B' },
  )
})
