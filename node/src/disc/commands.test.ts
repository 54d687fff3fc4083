import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { rawZip } from '@twiin/media/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestHospital } from '../testing/test-hospital.ts'
import { TestNetwork } from '../testing/test-network.ts'
import { TestWeb } from '../testing/test-web.ts'

let network: TestNetwork
let hospital: TestHospital
let web: TestWeb
let config: string
let disc: string
beforeAll(async () => {
  network = await TestNetwork.open()
  hospital = await TestHospital.open({ ura: '90000001', name: 'A' }, network)
  // As the documents say it: for the workplaces of the hospital.
  web = await TestWeb.start(hospital, { host: '0.0.0.0' })
  config = join(hospital.dir, 'node.yaml')
  disc = join(hospital.dir, 'disc.zip')
  await writeFile(config, configWith('.'))
  // More than any buffer on the way takes: the sending is in full course when the answer comes.
  await writeFile(disc, rawZip([{ name: 'NOTES', data: randomBytes(32 << 20) }]))
}, 30_000)
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  await hospital[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

const configWith = (dataDir: string) => `
hospital: { name: A (fictief), ura: "90000001", patientIdIssuer: VOORBEELD }
dataDir: ${dataDir}
trust: { domain: twiin.example, rootCertificateFile: root.pem }
registry: { url: "https://127.0.0.1:1", caFile: ca.pem }
peer: { listen: [/ip4/127.0.0.1/tcp/4001] }
dicom: { port: 104, aeTitle: TWIIN, callingAeTitles: [STORESCU] }
pacs: { port: 105, aeTitle: PACS, callingAeTitle: TWIIN }
web: { port: 8443 }
peopleFile: people.json
`

async function run(
  args: string[],
  input: string,
): Promise<{ status: unknown; stdout: string; stderr: string }> {
  const program = join(import.meta.dirname, '../../bin/twiin-node')
  const child = spawn(program, args, { timeout: 15_000 })
  child.stdin.on('error', () => {}).end(input)
  const [[status], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ])
  return { status, stdout, stderr }
}

it.each([
  ['nobody known', () => 'x'.repeat(40), 'NOT_AUTHENTICATED'],
  ['one who may not', () => web.tokens.radiologist, 'ROLE_NOT_PERMITTED'],
])(
  'a disc that %s sends to the node is refused with the code, and the command ends',
  async (_who, token, code) => {
    const { status, stderr } = await run(['disc', 'read', disc, '--config', config], token())
    expect({ status, stderr }).toEqual({ status: 1, stderr: `twiin-node: ${code}\n` })
  },
  20_000,
)

it('a disc that an operator sends is taken', async () => {
  const { status, stdout } = await run(['disc', 'read', disc, '--config', config], web.tokens.operator)
  expect(status).toBe(0)
  expect(stdout).toMatch(/"id":"[0-9a-f]{32}"/)
}, 20_000)

it('what answers with another certificate than the node wrote down is told nothing', async () => {
  const elsewhere = join(hospital.dir, 'elsewhere')
  await mkdir(elsewhere)
  const runtime = JSON.parse(await readFile(join(hospital.dir, 'runtime.json'), 'utf8')) as object
  const another = { ...runtime, certificate: 'AA:BB' }
  await writeFile(join(elsewhere, 'runtime.json'), JSON.stringify(another))
  const other = join(hospital.dir, 'elsewhere.yaml')
  await writeFile(other, configWith('elsewhere'))
  const { status, stderr } = await run(['disc', 'read', disc, '--config', other], web.tokens.operator)
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'twiin-node: NODE_CERTIFICATE_DIFFERS\n' })
}, 20_000)

it.each(['read', 'write'])(
  'the help of disc %s says that the token comes in on standard input',
  async (name) => {
    const { stdout } = await run(['disc', name, '--help'], '')
    expect(stdout.replace(/\s+/g, ' ')).toContain('token of an operator is read from standard input')
  },
  20_000,
)
