/** The process of the pages for recipients falls: the hospital notices nothing, recipients wait for seconds (spec 25 §5). */
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { doorOf } from '../../scripts/demo-network/door-of.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { PatientClient, partsOf } from '../support/patient-client.ts'
import { shareStudies } from '../support/share-api.ts'

test('a door has no file of the node open; one that is killed opens again, while the node goes on, and ends with it', async () => {
  await using demo = await startDemo({ hospitals: 2 })
  const hospital = demo.hospital(0)
  const api = new NodeApi(hospital)
  const staff = api.as('radiologist')
  const { studies } = await staff.call<{ studies: { studyInstanceUid: string }[] }>('GET', '/api/v1/studies')
  const share = await shareStudies(api, { studyInstanceUids: [studies[0]?.studyInstanceUid ?? ''] })
  const { link } = partsOf(share.url)
  using patient = new PatientClient({ url: share.url, caFile: hospital.web.caFile })
  expect((await patient.enter(link, share.code ?? '')).status).toBe(303)
  const first = doorOf(hospital.pid)
  // Not one file of the node, which opened its catalogue long before.
  const open = readdirSync(`/proc/${first}/fd`).map((fd) => readlinkSync(`/proc/${first}/fd/${fd}`))
  expect(open.filter((file) => file.startsWith(hospital.dataDir))).toEqual([])
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
