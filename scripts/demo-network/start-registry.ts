import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ApiClient } from './api-client.ts'
import type { ChildProcesses } from './child-processes.ts'
import type { DemoFolder } from './demo-state.ts'
import type { Hospital } from './hospitals.ts'
import { until } from './until.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../registry/src/main.ts')

export const trustDomain = 'twiin.example'

export interface DemoRegistry {
  url: string
  pid: number
  dataDir: string
  caFile: string
  rootCertificateFile: string
  tokens: { administrator: string; approver: string }
  /** Applies for a hospital and approves as both people; writes the enrolment token to the file. Once a hospital. */
  admit(hospital: Hospital, tokenFile: string): Promise<void>
}

/** The registry of the demo: at the first start its ceremony, with short keys, then the same as in earnest. */
export async function startRegistry(
  folder: DemoFolder,
  { processes, signal }: { processes: ChildProcesses; signal: AbortSignal },
): Promise<DemoRegistry> {
  const dir = join(folder.dir, 'registry')
  if (!(await exists(join(dir, 'authority/issuing-key.pem')))) await holdCeremony(dir, folder.registryPorts)
  const configFile = join(dir, 'registry.yaml')
  const child = processes.start('registry', 'registry/src/main.ts', ['serve', '--config', configFile])

  const dataDir = join(dir, 'data')
  const runtime = await until(
    async () => {
      const text = await readFile(join(dataDir, 'runtime.json'), 'utf8')
      const written = JSON.parse(text) as { url: string; pid: number }
      return written.pid === child.pid && written
    },
    { timeoutMs: 60_000, what: 'registry listens', signal },
  )
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
    admit: (hospital, tokenFile) => admit({ url: runtime.url, ca }, { tokens, hospital, tokenFile }),
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
  await run(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    program,
    'ceremony',
    '--config',
    planFile,
    ...passphrases,
  ])
}

async function admit(
  registry: { url: string; ca: string },
  what: { tokens: DemoRegistry['tokens']; hospital: Hospital; tokenFile: string },
): Promise<void> {
  if (await exists(what.tokenFile)) return
  const { ura, name, category, declaredPatients } = what.hospital
  using administrator = new ApiClient({ ...registry, token: what.tokens.administrator })
  using approver = new ApiClient({ ...registry, token: what.tokens.approver })
  const application = { organisation: name, ura, category, declaredPatients, mailboxes: ['radiologie'] }
  const { id } = await administrator.call<{ id: string }>('POST', '/api/v1/applications', application)
  const approvals = `/api/v1/applications/${id}/approvals`
  await administrator.call('POST', approvals)
  const { enrolmentToken } = await approver.call<{ enrolmentToken: string }>('POST', approvals)
  await writeFile(what.tokenFile, `${enrolmentToken}\n`, { mode: 0o600 })
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
