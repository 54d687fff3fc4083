/** The process of the pages for recipients falls: the hospital notices nothing, recipients wait for seconds (spec 25 §5). */
import { expect, test } from 'vitest'
import { doorOf } from '../../scripts/demo-network/door-of.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { PatientClient, partsOf } from '../support/patient-client.ts'
import { shareStudies } from '../support/share-api.ts'

test('a door that is killed opens again by itself; the node goes on, and one that is killed takes its door with it', async () => {
  await using demo = await startDemo({ hospitals: 1 })
  const hospital = demo.hospital(0)
  const api = new NodeApi(hospital)
  const staff = api.as('radiologist')
  const { studies } = await staff.call<{ studies: { studyInstanceUid: string }[] }>('GET', '/api/v1/studies')
  const share = await shareStudies(api, { studyInstanceUids: [studies[0]?.studyInstanceUid ?? ''] })
  const { link } = partsOf(share.url)
  using patient = new PatientClient({ url: share.url, caFile: hospital.web.caFile })
  expect((await patient.enter(link, share.code ?? '')).status).toBe(303)
  const first = doorOf(hospital.pid)
  process.kill(first, 'SIGKILL')
  await until(() => !isAlive(first), { timeoutMs: 15_000, what: 'door is gone' })
  await staff.call('GET', '/api/v1/studies')
  const second = await until(() => doorOf(hospital.pid), { timeoutMs: 30_000, what: 'another door' })
  const isOpen = () =>
    patient.get(`/z/${link}/open`).then(
      ({ status }) => status,
      () => false,
    )
  // Sessions were in its memory alone.
  expect(await until(isOpen, { timeoutMs: 30_000, what: 'door answers' })).toBe(401)
  expect((await patient.enter(link, share.code ?? '')).status).toBe(303)
  expect((await patient.get(`/z/${link}/open`)).status).toBe(200)
  await demo.kill(0)
  await until(() => !isAlive(second), { timeoutMs: 15_000, what: 'its door is gone' })
  await demo.restart(0)
  expect(await until(isOpen, { timeoutMs: 30_000, what: 'door answers' })).toBe(401)
})
