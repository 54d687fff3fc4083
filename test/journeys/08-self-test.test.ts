/** J1, spec 12: a node counts as exchanging when it has shown that it does, over the protocols of every day. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requestWithOwnKey } from '@twiin/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { programFile } from '../../scripts/demo-network/child-processes.ts'
import { nodeReady } from '../../scripts/demo-network/start-hospital.ts'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { NodeApi, until } from '../support/node-api.ts'
import { registryClient } from '../support/registry-people.ts'

interface Run {
  run: string
  peerId: string
  ura: string
  reference: { peerId: string }
  state: 'running' | 'passed' | 'failed'
  steps: { name: string; result?: string; ms?: number; reason?: string }[]
  index?: number
}

const steps = ['reach', 'echo', 'publish', 'find', 'send', 'receive']
const root = join(import.meta.dirname, '../..')
let demo: Demo
let registry: ApiClient
let runs: Run[]
beforeAll(async () => {
  demo = await startDemo({ empty: true })
  registry = registryClient(demo.network, 'administrator')
  runs = await registry.call('GET', '/api/v1/self-tests')
})
afterAll(async () => {
  registry[Symbol.dispose]()
  await demo[Symbol.asyncDispose]()
})

/** Spec 12 §2, written down once more: what no node may know of after a run. */
function syntheticNumber(run: string, peerId: string): string {
  const hash = createHash('sha256').update('twiin/self-test/v1').update(Uint8Array.of(0))
  let four = hash.update(Buffer.from(run, 'hex')).update(peerId).digest().readUInt32BE() % 10_000
  for (;;) {
    const digits = `9999${String(four).padStart(4, '0')}`
    const check = [...digits].reduce((sum, digit, i) => sum + (9 - i) * Number(digit), 0) % 11
    if (check < 10) return `${digits}${check}`
    four = (four + 1) % 10_000
  }
}

const stateOf = async (at: NodeApi, ura: string) => {
  const { members } = await at
    .as('operator')
    .call<{ members: { ura: string; state: string }[] }>('GET', '/api/v1/members')
  return members.find((member) => member.ura === ura)?.state
}

test('three hospitals exchange once each of them has passed, with another one as its reference', async () => {
  const peers = demo.network.hospitals.map(({ node }) => node.peerId)
  for (const { node, ura } of demo.network.hospitals) {
    const passed = runs.find(({ peerId, state }) => peerId === node.peerId && state === 'passed')
    expect(passed?.steps.map(({ name, result }) => [name, result])).toEqual(
      steps.map((name) => [name, 'passed']),
    )
    expect(peers.filter((peer) => peer !== node.peerId)).toContain(passed?.reference.peerId)
    expect(passed?.index).toBeGreaterThan(0)
    for (const hospital of demo.network.hospitals)
      expect(await stateOf(new NodeApi(hospital), ura)).toBe('exchanging')
  }
})

test('nothing of it is left: no study, transfer, consent, file in a PACS, or entry that anybody finds', async () => {
  for (const hospital of demo.network.hospitals) {
    const api = new NodeApi(hospital)
    expect(await api.studies()).toEqual([])
    expect(await api.transfers()).toEqual([])
    expect(await api.exceptions()).toEqual([])
    const pacs = join(dirname(hospital.pacs.dir))
    expect(await readdir(hospital.pacs.dir)).toEqual([])
    expect(await readdir(pacs)).not.toContain('pacs.log')
  }
  const [first] = demo.network.hospitals
  for (const { run, peerId, reference } of runs)
    for (const peer of [peerId, reference.peerId]) {
      // Replicas follow a withdrawal: a search may still see the entry for a moment.
      const search = await until(
        async () => {
          const found = await new NodeApi(first!).search(syntheticNumber(run, peer))
          return found.holders.length === 0 && found
        },
        { timeoutMs: 20_000, what: 'nobody is found under the synthetic number' },
      )
      expect(search).toMatchObject({ studies: [], holders: [] })
    }
})

test('it is on record at both ends, and says of no patient', async () => {
  for (const hospital of demo.network.hospitals) {
    const { events, chain } = await new NodeApi(hospital).audit()
    expect(chain.ok).toBe(true)
    const tests = events.filter(({ event }) => event === 'self-test')
    expect(tests.length).toBeGreaterThan(8)
    expect(tests.filter(({ patient }) => patient !== undefined)).toEqual([])
    const kinds = new Set(events.map(({ event }) => event))
    for (const event of ['consent-recorded', 'publish', 'study-stored', 'study-received', 'send-received'])
      expect(kinds).not.toContain(event)
    const mine = runs.filter(({ state, ...run }) =>
      [run.peerId, run.reference.peerId].includes(hospital.node.peerId) ? state === 'passed' : false,
    )
    for (const { run } of mine) expect(tests.map(({ requestId }) => requestId)).toContain(run)
  }
})

test('an administrator can order one on the command line, and everybody can read it', async () => {
  const command = promisify(execFile)
  const { ura, node } = demo.hospital(1)
  const config = join(demo.dir, 'registry/registry.yaml')
  const arguments_ = ['self-test', 'run', '--config', config, '--ura', ura, '--json']
  const { stdout } = await command(join(root, 'registry/bin/twiin-registry'), arguments_)
  const run = JSON.parse(stdout) as Run
  expect(run).toMatchObject({ state: 'passed', peerId: node.peerId, ura })
  using stranger = registryClient(demo.network)
  expect(await stranger.call('GET', `/api/v1/self-tests/${run.run}`)).toEqual(run)
  expect(await stranger.ask('POST', '/api/v1/self-tests', { peerId: node.peerId })).toMatchObject({
    status: 401,
  })
})

const late = { ura: '90000042', name: 'Kliniek Poortdicht (fictief)' }

/** Admits one more hospital, which shares page accounts and PACS with the first, and starts its node. */
async function startLate(extra: { flags?: string[]; env?: Record<string, string> } = {}) {
  const dir = join(demo.dir, 'late')
  const configFile = `${dir}.yaml`
  const first = demo.hospital(0)
  const config = parse(await readFile(first.configFile, 'utf8')) as Record<string, object>
  // The last places of this demo's own block of ports.
  const port = first.dicom.port + 45
  const changed = {
    ...config,
    hospital: { ...config.hospital, ...late },
    dataDir: dir,
    registry: { ...config.registry, enrolmentTokenFile: `${dir}-token` },
    peer: { listen: [`/ip4/127.0.0.1/tcp/${port + 3}`], dialLoopback: true },
    dicom: { ...config.dicom, port, destinations: [] },
    web: { ...config.web, port: port + 2 },
    hl7: undefined,
  }
  await writeFile(configFile, stringify(changed))
  const flags = ['--disable-warning=ExperimentalWarning', ...(extra.flags ?? [])]
  const program = [programFile('node'), 'serve', '--config', configFile]
  const node = spawn(process.execPath, [...flags, ...program], {
    stdio: 'ignore',
    env: { ...process.env, ...extra.env },
  })
  const runtime = await nodeReady({ dataDir: dir, pid: node.pid ?? 0 })
  return { node, runtime, port }
}

async function admitLate(): Promise<void> {
  using approver = registryClient(demo.network, 'approver')
  const { csr } = await requestWithOwnKey({ hospital: late, dataDir: join(demo.dir, 'late') })
  const { id, digest } = await registry.call<{ id: string; digest: string }>('POST', '/api/v1/applications', {
    ...{ organisation: late.name, ura: late.ura, category: 'clinic', level: 2 },
    ...{ declaredPatients: 100, mailboxes: [], csr: Buffer.from(csr).toString('base64') },
  })
  await registry.call('POST', `/api/v1/applications/${id}/approvals`, { digest })
  const { enrolmentToken } = await approver.call<{ enrolmentToken: string }>(
    'POST',
    `/api/v1/applications/${id}/approvals`,
    { digest },
  )
  await writeFile(join(demo.dir, 'late-token'), `${enrolmentToken}\n`, { mode: 0o600 })
}

async function gone(node: ChildProcess): Promise<void> {
  const exited = once(node, 'exit')
  node.kill('SIGTERM')
  await exited
}

test('a node whose DICOM port is closed fails with the reason and stays in testing; once it is open it exchanges by itself', async () => {
  await admitLate()
  const port = demo.hospital(0).dicom.port + 45
  const closing = {
    flags: ['--import', join(root, 'test/support/close-port.ts')],
    env: { CLOSED_PORT: String(port) },
  }
  const closed = await startLate(closing)
  const { peerId } = closed.runtime
  const testsOf = () => registry.call<Run[]>('GET', `/api/v1/self-tests?peerId=${peerId}`)
  try {
    const failed = await until(async () => (await testsOf()).find(({ state }) => state === 'failed'), {
      timeoutMs: 60_000,
      what: 'the first test has failed',
    })
    expect(failed.steps.map(({ name, result, reason }) => [name, result, reason])).toEqual([
      ['reach', 'passed', undefined],
      ['echo', 'failed', 'DICOM_PORT_CLOSED'],
    ])
    for (const hospital of demo.network.hospitals)
      expect(await stateOf(new NodeApi(hospital), late.ura)).toBe('testing')
    const waiting = await registry.call<{ ura: string }[]>('GET', '/api/v1/self-tests/waiting')
    expect(waiting.every(({ ura }) => ura === late.ura)).toBe(true)
  } finally {
    await gone(closed.node)
  }
  const open = await startLate()
  try {
    await until(async () => (await stateOf(new NodeApi(demo.hospital(0)), late.ura)) === 'exchanging', {
      timeoutMs: 90_000,
      what: 'it exchanges',
    })
    expect((await testsOf())[0]).toMatchObject({ state: 'passed', ura: late.ura })
  } finally {
    await gone(open.node)
  }
})
