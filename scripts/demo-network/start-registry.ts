import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { ApiClient } from './api-client.ts'
import { environment, programFile } from './child-processes.ts'
import type { ChildProcesses } from './child-processes.ts'
import type { DemoFolder } from './demo-state.ts'
import type { Hospital } from './hospitals.ts'
import { until } from './until.ts'

const run = promisify(execFile)

export const trustDomain = 'twiin.example'

/** Somebody who logs in at the registry of the demo, with everything an authenticator app would know. */
export interface RegistryUser {
  username: string
  password: string
  /** Base32, for codes by RFC 6238. */
  totpSecret: string
}

export interface DemoRegistry {
  url: string
  pid: number
  dataDir: string
  caFile: string
  rootCertificateFile: string
  tokens: { administrator: string; approver: string }
  users: RegistryUser[]
  /**
   * Applies for a hospital with the certificate request (DER) of its node and approves as both people; writes the enrolment
   * token to the file. Nothing when that is there.
   */
  admit(hospital: Hospital, its: { csr: Uint8Array; tokenFile: string }): Promise<void>
}

/** The registry of the demo: at the first start its ceremony, with short keys, then the same as in earnest. */
export async function startRegistry(
  folder: DemoFolder,
  { replay }: { replay: boolean },
  { processes, signal }: { processes: ChildProcesses; signal: AbortSignal },
): Promise<DemoRegistry> {
  const dir = join(folder.dir, 'registry')
  if (!(await exists(join(dir, 'authority/issuing-key.pem')))) await holdCeremony(dir, folder.registryPorts)
  const configFile = join(dir, 'registry.yaml')
  await settle(configFile, { dir, ports: folder.registryPorts, replay })
  // Who works there is looked up at each log-in: it starts without waiting for them.
  const admitted = admitPeople(configFile)
  admitted.catch(() => {})
  const child = processes.start('registry', programFile('registry'), ['serve', '--config', configFile])

  const dataDir = join(dir, 'data')
  const runtime = await until(
    async () => {
      const text = await readFile(join(dataDir, 'runtime.json'), 'utf8')
      const written = JSON.parse(text) as { url: string; pid: number }
      return written.pid === child.pid && written
    },
    { timeoutMs: 180_000, what: 'registry listens', signal },
  )
  const users = await admitted
  const caFile = join(dir, 'web/ca.pem')
  const read = async (file: string) => (await readFile(join(dir, file), 'utf8')).trim()
  const tokens = {
    administrator: await read('tokens/administrator'),
    approver: await read('tokens/approver'),
  }
  const rootCertificateFile = join(dir, 'authority/root.pem')
  const ca = await readFile(caFile, 'utf8')
  return {
    url: runtime.url,
    pid: child.pid,
    dataDir,
    caFile,
    rootCertificateFile,
    tokens,
    users,
    admit: (hospital, its) => admit({ url: runtime.url, ca }, { tokens, hospital, ...its }),
  }
}

async function holdCeremony(dir: string, ports: { web: number; peer: number }): Promise<void> {
  await mkdir(dir, { recursive: true })
  const [rootPassphrase, issuingPassphrase] = ['root-passphrase', 'issuing-passphrase'].map((name) =>
    join(dir, name),
  )
  for (const file of [rootPassphrase, issuingPassphrase])
    await writeFile(file ?? '', `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  const plan = {
    dir,
    trustDomain,
    organisation: 'Register Voorbeeld (fictief)',
    rootBits: 2048,
    issuingBits: 2048,
    http: { host: '127.0.0.1', port: ports.web },
    listen: [`/ip4/127.0.0.1/tcp/${ports.peer}`],
  }
  const planFile = join(dir, 'ceremony.yaml')
  await writeFile(planFile, JSON.stringify(plan, null, 2))
  const passphrases = [
    '--root-passphrase-file',
    rootPassphrase ?? '',
    '--issuing-passphrase-file',
    issuingPassphrase ?? '',
  ]
  const flags = [
    '--disable-warning=ExperimentalWarning',
    programFile('registry'),
    'ceremony',
    '--config',
    planFile,
  ]
  await run(process.execPath, [...flags, ...passphrases], { env: environment() })
}

/**
 * Written anew at each start, for the folder may have been copied. What takes minutes in earnest takes seconds here: nobody
 * waits for a second look at witnesses, or for an old bundle. And every member is on this machine.
 */
async function settle(
  configFile: string,
  { dir, ports, replay }: { dir: string; ports: { web: number; peer: number }; replay: boolean },
): Promise<void> {
  const config = parse(await readFile(configFile, 'utf8')) as Record<string, unknown>
  const authority = { passphraseFile: join(dir, 'issuing-passphrase') }
  const http = { host: '127.0.0.1', port: ports.web }
  const peer = { listen: [`/ip4/127.0.0.1/tcp/${ports.peer}`], dialLoopback: true }
  const log = { openMs: 300, foundingGraceSeconds: 1 }
  const statistics = { hospitals: 0, replay }
  const selfTest = { retrySeconds: 1 }
  await writeFile(configFile, stringify({ ...config, authority, http, peer, log, selfTest, statistics }))
}

/** The two people of the demo. Their passwords and secrets are no secrets; everything listens on this machine only. */
async function admitPeople(configFile: string): Promise<RegistryUser[]> {
  const people = [
    {
      username: 'administrator',
      name: 'B. Eheerder (fictief)',
      totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    },
    { username: 'approver', name: 'T. Weede (fictief)', totpSecret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' },
  ]
  const known = await exists(join(dirname(configFile), 'people.json'))
  for (const { username, name, totpSecret } of known ? [] : people) {
    const flags = ['--id', username, '--name', name, '--role', 'administrator', '--totp-secret', totpSecret]
    await runWithInput(['people', 'add', '--config', configFile, ...flags], 'demo-demo')
  }
  return people.map(({ username, totpSecret }) => ({ username, password: 'demo-demo', totpSecret }))
}

function runWithInput(args: readonly string[], input: string): Promise<void> {
  const flags = ['--disable-warning=ExperimentalWarning', programFile('registry'), ...args]
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, flags, { env: environment() }, (error) =>
      error === null ? resolve() : reject(new Error('people add failed', { cause: error })),
    )
    child.stdin?.end(input)
  })
}

async function admit(
  registry: { url: string; ca: string },
  what: { tokens: DemoRegistry['tokens']; hospital: Hospital; csr: Uint8Array; tokenFile: string },
): Promise<void> {
  if (await exists(what.tokenFile)) return
  const { ura, name, category, declaredPatients } = what.hospital
  using administrator = new ApiClient({ ...registry, token: what.tokens.administrator })
  using approver = new ApiClient({ ...registry, token: what.tokens.approver })
  const facts = { organisation: name, ura, category, level: 4, declaredPatients, mailboxes: ['radiologie'] }
  const csr = Buffer.from(what.csr).toString('base64')
  const application = { ...facts, csr, phone: `+31 85 000 00 0${what.hospital.index}` }
  const { id, digest } = await administrator.call<{ id: string; digest: string }>(
    ...(['POST', '/api/v1/applications', application] as const),
  )
  const approvals = `/api/v1/applications/${id}/approvals`
  await administrator.call('POST', approvals, { digest })
  const { enrolmentToken } = await approver.call<{ enrolmentToken: string }>('POST', approvals, { digest })
  await writeFile(what.tokenFile, `${enrolmentToken}\n`, { mode: 0o600 })
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
