/** J1: a certificate ran out while the registry is away. The node serves its own house, says so, and comes back by itself. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, loadSettings, requestWithOwnKey } from '@twiin/node'
import type { Settings } from '@twiin/node'
import { ShiftableClock, silentLogger } from '@twiin/runtime'
import type { Lifecycle } from '@twiin/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { TestRegistry, applicationOf } from '../../registry/src/testing.ts'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'
import { newStudy } from '../support/new-study.ts'
import { until } from '../support/node-api.ts'

const day = 86_400_000
const ura = '90000001'
const clock = new ShiftableClock()
let dir: string
let registry: TestRegistry
let settings: Settings
let node: Lifecycle

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-ran-out-'))
  const [registryPort, web, dicom, pacs] = await freePorts(4)
  // A network that is still founded then: with one member there are no witnesses.
  registry = await TestRegistry.create({
    settings: { http: { port: registryPort }, log: { gatherMs: 0, foundingDays: 90 } },
  })
  const at = (port: number | undefined) => ({ host: '127.0.0.1', port })
  const config = {
    hospital: { name: `Clinic ${ura}`, ura, patientIdIssuer: 'A' },
    dataDir: join(dir, 'data'),
    trust: { domain: 'twiin.example', rootCertificateFile: join(registry.dir, 'authority/root.pem') },
    registry: {
      ...{ url: registry.runtime.url, caFile: join(registry.dir, 'web/ca.pem'), refreshSeconds: 1 },
      enrolmentTokenFile: join(dir, 'token'),
    },
    peer: { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
    dicom: { ...at(dicom), aeTitle: 'TWIIN', callingAeTitles: ['CT1'] },
    pacs: { ...at(pacs), aeTitle: 'PACS', callingAeTitle: 'TWIIN' },
    web: at(web),
    peopleFile: join(dir, 'people.json'),
    storage: { reserveMiB: 1 },
  }
  await writeFile(join(dir, 'node.yaml'), stringify(config))
  settings = loadSettings(join(dir, 'node.yaml'), {})
  const csr = Buffer.from((await requestWithOwnKey(settings)).csr).toString('base64')
  await writeFile(join(dir, 'token'), await registry.admit({ ...applicationOf(ura), csr }))
  node = await startNode()
})
afterAll(async () => {
  await node.stop()
  await registry[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

async function startNode(): Promise<Lifecycle> {
  const started = await createNode(settings, { clock, log: silentLogger })
  await started.start()
  return started
}

/** Free a moment ago; nobody else on this machine asks for them by number. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

async function health(): Promise<{ status: number; problems: string[] }> {
  const { web, dataDir } = settings
  const ca = await readFile(join(dataDir, 'web/ca.pem'), 'utf8')
  using client = new ApiClient({ url: `https://${web.host}:${web.port}`, ca })
  const { status, body } = await client.ask('GET', '/readyz')
  return { status, problems: (body as { problems: string[] }).problems }
}

test('with a certificate that is logged the node is ready', async () => {
  expect(await health()).toEqual({ status: 200, problems: [] })
  await expect(readFile(join(settings.dataDir, 'identity/evidence.cbor'))).resolves.toBeDefined()
})

test('a month later, with the registry away, it opens its doors all the same and says what is wrong', async () => {
  await node.stop()
  await registry.stop()
  clock.moveOn(31 * day)
  node = await startNode()
  expect(await health()).toEqual({ status: 503, problems: ['BUNDLE_EXPIRED', 'CERTIFICATE_EXPIRED'] })
  const study = newStudy({ seed: 'meanwhile', instances: 1 })
  const outcomes = await storeInstances({ ...settings.dicom, calledAe: 'TWIIN', callingAe: 'CT1' }, study)
  expect(outcomes.map(({ status }) => status)).toEqual([0])
})

test('once the registry is back it is renewed, and everything is as before, without a hand', async () => {
  await registry.clock.advance(31 * day)
  await registry.start()
  await until(async () => (await health()).problems.length === 0, { timeoutMs: 90_000, what: 'ready again' })
  expect(await registry.certificates()).toHaveLength(2)
})
