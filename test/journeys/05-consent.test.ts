/** J3, J4: nothing is found or given without consent; a withdrawal works at once; the holder judges every time anew. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { newStudy, unusedBsns } from '../support/new-study.ts'
import { NodeApi, until } from '../support/node-api.ts'

const bsn = unusedBsns[0]
const study = newStudy({ seed: 'consent', bsn, instances: 2 })
let demo: Demo
let [a, b] = [] as unknown as [NodeApi, NodeApi]
beforeAll(async () => {
  demo = await startDemo({ hospitals: 2, empty: true })
  ;[a, b] = [new NodeApi(demo.hospital(0)), new NodeApi(demo.hospital(1))]
  const { dicom } = demo.hospital(0)
  await storeInstances({ ...dicom, calledAe: dicom.aeTitle, callingAe: 'STORESCU' }, study)
})
afterAll(() => demo[Symbol.asyncDispose]())

const found = (search: { studies: unknown[] }) => search.studies.length
const until5s = <T>(what: string, question: () => Promise<T | false>) =>
  until(question, { timeoutMs: 5_000, what })

test('without consent a study is kept, says why it is not published, and is found by nobody', async () => {
  expect((await a.studies())[0]?.publication).toEqual({ state: 'unpublished', reason: 'CONSENT_MISSING' })
  const search = await b.search(bsn)
  expect(search).toMatchObject({ complete: true, studies: [] })
})

test('consent may be recorded before anything is known of somebody', async () => {
  const unknown = unusedBsns[2]
  expect(
    await a.as('operator').ask('PUT', '/api/v1/consents', { bsn: unknown, decision: 'permit' }),
  ).toMatchObject({ status: 200 })
})

test('with consent it is found within five seconds', async () => {
  await a.consent(bsn)
  await until5s('found', async () => found(await b.search(bsn)) === 1)
})

test('consent at the asker does not help: the holder decides', async () => {
  await b.consent(bsn, 'permit')
  await a.consent(bsn, 'deny')
  await until5s('no longer found', async () => found(await b.search(bsn)) === 0)
  expect((await a.studies())[0]?.publication.state).toBe('unpublished')
})

test('withdrawn after the search and before the retrieval: nothing is given, the asker is told, both have it on record', async () => {
  await a.consent(bsn)
  const search = await until5s('found again', async () => {
    const result = await b.search(bsn)
    return found(result) === 1 && result
  })
  await a.consent(bsn, 'deny')
  const row = search.studies[0]
  if (row === undefined) throw new Error('no row')
  const retrieval = await b.retrieved(await b.retrieve(search.id, row))
  expect(retrieval).toMatchObject({ state: 'failed', instances: { done: 0 } })
  expect(retrieval.reason).toBe('CONSENT_MISSING')
  expect(await b.studies()).toEqual([])
  const refused = (await a.audit()).events.filter(
    ({ outcome, peer }) => outcome === 'refused' && peer?.ura === demo.hospital(1).ura,
  )
  expect(refused.length).toBeGreaterThan(0)
})

test('an emergency that nobody declared is no way around it', async () => {
  const answer = await b.trySearch(bsn, { basis: 'emergency', reason: 'SEH' })
  expect(answer).toMatchObject({ status: 403, body: { code: 'EMERGENCY_NOT_OPEN' } })
})

test('each decision is on record with who took it', async () => {
  const { events } = await a.audit()
  const decisions = events.filter(({ event }) => event === 'consent-recorded')
  expect(decisions.length).toBeGreaterThanOrEqual(4)
  for (const { user } of decisions) expect(user?.role).toBe('operator')
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['publish', 'withdraw']))
})
