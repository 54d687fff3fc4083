/** J1: a hospital joins. From an empty folder to a network, and the same network again after an end of any kind. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeKey } from '@twiin/identity'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csrOf } from '../../registry/src/testing.ts'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { isAlive, startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'

let dir: string
let demo: Demo

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-join-'))
  demo = await startDemo({ dir, hospitals: 2 })
})
afterAll(async () => {
  await demo.stop()
  await rm(dir, { recursive: true, force: true })
})

const pidsOf = ({ network }: Demo) => [network.registry.pid, ...network.hospitals.map(({ pid }) => pid)]

test('two people admit a hospital, its node gets a certificate for its own key, and everybody sees it', async () => {
  const { registry, hospitals } = demo.network
  using approver = new ApiClient({
    url: registry.url,
    ca: await readFile(registry.caFile, 'utf8'),
    token: registry.tokens.approver,
  })
  const certificates = await approver.call<{ ura: string; peerId: string; status: string }[]>(
    'GET',
    '/api/v1/certificates',
  )
  for (const hospital of hospitals) {
    const mine = certificates.filter(({ ura }) => ura === hospital.ura)
    expect(mine).toMatchObject([{ peerId: hospital.node.peerId, status: 'valid' }])
    const { members } = await new NodeApi(hospital)
      .as('operator')
      .call<{ members: { ura: string }[] }>('GET', '/api/v1/members')
    expect(members.map(({ ura }) => ura).sort()).toEqual(hospitals.map(({ ura }) => ura))
  }
})

test('one person alone cannot admit anybody', async () => {
  const { registry } = demo.network
  using administrator = new ApiClient({
    url: registry.url,
    ca: await readFile(registry.caFile, 'utf8'),
    token: registry.tokens.administrator,
  })
  const application = {
    organisation: 'Kliniek Alleen (fictief)',
    ura: '90000099',
    category: 'clinic',
    declaredPatients: 10,
    mailboxes: [],
    csr: await csrOf(NodeKey.generate(), '90000099'),
  }
  const { id, digest } = await administrator.call<{ id: string; digest: string }>(
    ...(['POST', '/api/v1/applications', application] as const),
  )
  const path = `/api/v1/applications/${id}/approvals`
  expect(await administrator.ask('POST', path, { digest })).toMatchObject({ status: 202 })
  expect(await administrator.ask('POST', path, { digest })).toMatchObject({
    body: { code: 'SECOND_PERSON_REQUIRED' },
  })
})

test('the sample studies are there: published with consent, otherwise with the reason why not', async () => {
  const studies = await new NodeApi(demo.hospital(0)).studies()
  const states = studies.map(({ publication }) => publication.reason ?? publication.state)
  expect(new Set(states)).toEqual(new Set(['published', 'CONSENT_MISSING', 'NO_BSN']))
})

test('nobody without a token, or with the token of another role, gets anything', async () => {
  const { url, caFile } = demo.hospital(0).web
  using stranger = new ApiClient({ url, ca: await readFile(caFile, 'utf8') })
  for (const path of ['studies', 'transfers', 'audit-events', 'members', 'status', 'exceptions'])
    expect(await stranger.ask('GET', `/api/v1/${path}`)).toMatchObject({ status: 401 })
  const api = new NodeApi(demo.hospital(0))
  expect(await api.as('auditor').ask('GET', '/api/v1/studies')).toMatchObject({ status: 403 })
  expect(await api.as('radiologist').ask('GET', '/api/v1/audit-events')).toMatchObject({ status: 403 })
  const consent = { bsn: '999990019', decision: 'deny' }
  expect(await api.as('radiologist').ask('PUT', '/api/v1/consents', consent)).toMatchObject({ status: 403 })
})

test('a demo that was killed takes all its processes with it; the next one has its data, tokens and ports', async () => {
  const before = demo.network
  const pids = pidsOf(demo)
  const exited = once(demo.process, 'exit')
  demo.process.kill('SIGKILL')
  await exited
  await until(() => !pids.some(isAlive), { timeoutMs: 10_000, what: 'no process is left' })

  demo = await startDemo({ dir, hospitals: 2 })
  const addresses = ({ hospitals, registry }: typeof before) => ({
    registry: [registry.url, registry.tokens],
    hospitals: hospitals.map(({ node, dicom, pacs, web }) => [node, dicom, pacs, web]),
  })
  expect(addresses(demo.network)).toEqual(addresses(before))
  const search = await new NodeApi(demo.hospital(1)).search('999990019')
  expect(search.studies.filter(({ local }) => !local)).toHaveLength(2)
})

test('a demo that is told to end stops everything it started within ten seconds', async () => {
  const pids = pidsOf(demo)
  const began = performance.now()
  await demo.stop()
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(pids.filter(isAlive)).toEqual([])
  await expect(readFile(join(dir, 'network.json'))).rejects.toThrow('ENOENT')
})

test('two demos start side by side, and know nothing of each other', async () => {
  const [one, other] = await Promise.all([1, 1].map((hospitals) => startDemo({ hospitals, empty: true })))
  await using _one = one
  await using _other = other
  const ports = (of: Demo | undefined) =>
    of?.network.hospitals.flatMap(({ dicom, pacs, web }) => [dicom.port, pacs.port, web.url]) ?? []
  expect(new Set([...ports(one), ...ports(other)]).size).toBe(6)
  expect(one?.network.registry.url).not.toBe(other?.network.registry.url)
})
