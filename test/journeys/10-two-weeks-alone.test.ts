/** The registry is gone for fourteen days. What goes on, what does not, and what is said of it (spec 11 §8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { expectDelivered } from '../support/expect-delivered.ts'
import { MovedClock, fakeTimeInstalled, fakeTimeMissing } from '../support/moved-clock.ts'
import { newStudy, studyUidOf } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

const anna = '999990019'
const hour = 3600
const day = 24 * hour

interface Status {
  certificate: { notAfter: string }
  registry: { reachable: boolean }
  problems: string[]
  degraded: { code: string; since?: string; until?: string }[]
}

describe.skipIf(!fakeTimeInstalled)(`two weeks without the registry${fakeTimeMissing}`, () => {
  let clock: MovedClock
  let demo: Demo
  let [a, b] = [] as unknown as [NodeApi, NodeApi]
  beforeAll(async () => {
    clock = await MovedClock.create()
    demo = await startDemo({ env: clock.env })
    ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
    await demo.kill('registry')
  })
  afterAll(async () => {
    await demo[Symbol.asyncDispose]()
    await clock[Symbol.asyncDispose]()
  })

  const status = (api: NodeApi) => api.as('operator').call<Status>('GET', '/api/v1/status')
  const saying = (api: NodeApi, code: string) =>
    until(async () => (await status(api)).degraded.find((state) => state.code === code), {
      timeoutMs: 20_000,
      what: `status says ${code}`,
    })

  test('after five hours it alarms, says until when, and everything goes on', async () => {
    await clock.moveTo(5 * hour)
    const { until: next } = await saying(a, 'BUNDLE_STALE')
    expect(Date.parse(next ?? '')).toBeGreaterThan(Date.now() + 5 * hour * 1000)
    expect((await b.search(anna)).status('90000001')).toBe('answered')
  })

  test('after a day it takes in no peer that does not stand in the bundle', async () => {
    await clock.moveTo(day + hour)
    const { until: next } = await saying(a, 'NO_NEWCOMERS')
    expect(Date.parse(next ?? '')).toBeGreaterThan(Date.now() + 13 * day * 1000)
  })

  test('on the fourteenth day patients known here are found, retrieved, published and sent as on the first', async () => {
    await clock.moveTo(14 * day - hour)
    const search = await b.search(anna)
    expect(search.studies.filter(({ local }) => !local)).toHaveLength(4)
    const wanted = search.studies.find(({ holder }) => holder === '90000003') ?? expect.fail('not found')
    expect(await b.retrieved(await b.retrieve(search.id, wanted))).toMatchObject({ state: 'delivered' })

    const patient = { id: '100100', name: 'Voorbeeld^Anna', birthDate: '1958-03-21' }
    const published = newStudy({ seed: 'two weeks', bsn: anna, instances: 1, patient })
    const { dicom } = demo.hospital(0)
    await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, published)
    await until(
      async () =>
        (await b.search(anna)).studies.some((row) => row.studyInstanceUid === studyUidOf(published)),
      { timeoutMs: 20_000, what: 'found elsewhere' },
    )

    const sent = newStudy({ seed: 'sent on day 14', instances: 1 })
    await storeInstances({ ...dicom, calledAe: dicom.sendTo['90000002'] ?? '', callingAe: 'STORESCU' }, sent)
    await until(
      async () => {
        await expectDelivered(demo.hospital(1).pacs.dir, sent)
        return true
      },
      { timeoutMs: 30_000, what: 'delivered' },
    )
    // A node that restarts meanwhile comes back, and is ready.
    await demo.kill(2, 'SIGTERM')
    await demo.restart(2)
    const again = await until(
      async () => {
        const result = await b.search(anna)
        return result.status('90000003') === 'answered' && result
      },
      { timeoutMs: 30_000, what: 'the restarted node answers' },
    )
    expect(again.studies.length).toBe(7)
  })

  test('after fourteen days no peer is admitted any more, and own studies stay within reach', async () => {
    await clock.moveTo(14 * day + 2 * hour)
    await saying(a, 'BUNDLE_EXPIRED')
    await saying(b, 'BUNDLE_EXPIRED')
    const search = await b.search(anna)
    expect(search.status('90000001')).not.toBe('answered')
    expect((await b.studies()).length).toBeGreaterThan(0)
    const { dicom } = demo.hospital(0)
    const study = newStudy({ seed: 'intake goes on', instances: 1 })
    const outcomes = await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
    expect(outcomes.map(({ status }) => status)).toEqual([0])
  })

  test('once the registry is back the certificates are renewed by themselves, and all is as before', async () => {
    const before = (await status(a)).certificate.notAfter
    await demo.restartRegistry()
    const now = await until(
      async () => {
        const said = await status(a)
        return said.certificate.notAfter > before && said.degraded.length === 0 && said
      },
      { timeoutMs: 90_000, what: 'certificate of A is renewed' },
    )
    expect(now.registry.reachable).toBe(true)
    await until(async () => (await b.search(anna)).status('90000001') === 'answered', {
      timeoutMs: 60_000,
      what: 'A answers B again',
    })
  })
})
