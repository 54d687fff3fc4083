import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { NodeKey, createCertificateRequest, openSigner } from '@twiin/identity'
import type { Signer } from '@twiin/identity'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { holdRegistryCeremony, readPlan } from './ceremony/hold-ceremony.ts'
import { judgeSettings } from './config/read-settings.ts'
import { startRegistry } from './registry.ts'
import type { RunningRegistry } from './registry.ts'

const passphrases = { root: 'a passphrase', issuing: 'another passphrase' }

/** One ceremony for each test process, kept in memory; every test gets its files. */
let ceremony: Promise<Map<string, Buffer>> | undefined
async function holdOnce(): Promise<Map<string, Buffer>> {
  const dir = await mkdtemp(join(tmpdir(), 'twiin-ceremony-'))
  await holdRegistryCeremony(readPlan({ dir, rootBits: 2048, issuingBits: 2048 }), passphrases, new Date())
  const files = new Map<string, Buffer>()
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(relative(dir, path), await readFile(path))
  }
  await rm(dir, { recursive: true })
  return files
}

/** By the key as it lies on disk. Opening it takes a third of a second of processor time, as it should: once is enough. */
const opened = new Map<string, Signer>()

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T
}

export interface ListedCertificate {
  readonly serial: string
  readonly ura: string
  readonly peerId: string
  readonly status: string
  readonly daysLeft: number
  /** Its line in the ledger. */
  readonly index: number
  readonly approvedBy: readonly string[]
}

export const applicationOf = (ura: string) => ({
  organisation: `Clinic ${ura}`,
  ura,
  category: 'clinic' as const,
  declaredPatients: 1_000,
  mailboxes: ['radiology'],
})

/** PKCS #10, base64, by which a clinic proves this key. */
export async function csrOf(key: NodeKey, ura: string): Promise<string> {
  const csr = await createCertificateRequest(key, { organisation: `Clinic ${ura}`, ura, token: '' })
  return Buffer.from(csr).toString('base64')
}

/** One that can be approved: it proves a key. */
export const provenApplicationOf = async (ura: string, key: NodeKey = NodeKey.generate()) => ({
  ...applicationOf(ura),
  csr: await csrOf(key, ura),
})

/** A whole registry in a folder of its own, on free ports of this machine, with a clock that the test moves. */
export class TestRegistry implements AsyncDisposable {
  readonly dir: string
  readonly clock: ManualClock
  readonly #extra: object
  #running: RunningRegistry | undefined
  #ca = ''
  #tokens = { administrator: '', approver: '' }

  private constructor(dir: string, clock: ManualClock, extra: object) {
    this.dir = dir
    this.clock = clock
    this.#extra = extra
  }

  static async create(options: { settings?: object; signer?: Signer } = {}): Promise<TestRegistry> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-registry-'))
    await TestRegistry.holdCeremony(dir)
    return TestRegistry.at(dir, options)
  }

  /** Everything that a registry has before its first start, in this folder. */
  static async holdCeremony(dir: string): Promise<void> {
    ceremony ??= holdOnce()
    for (const [file, bytes] of await ceremony) {
      await mkdir(dirname(join(dir, file)), { recursive: true })
      await writeFile(join(dir, file), bytes, { mode: 0o600 })
    }
  }

  /** Starts in a folder in which a ceremony was held, or another one ran before. */
  static async at(dir: string, options: { settings?: object; signer?: Signer } = {}): Promise<TestRegistry> {
    // Certificates of the HTTPS server are judged by the real time.
    const registry = new TestRegistry(dir, new ManualClock(Date.now()), options.settings ?? {})
    await registry.start(options.signer)
    return registry
  }

  async start(signer?: Signer): Promise<void> {
    const settings = judgeSettings(
      {
        trustDomain: 'twiin.example',
        operator: { organisation: 'Twiin registry', ura: '90000000' },
        http: { port: 0 },
        peer: { listen: ['/ip4/127.0.0.1/tcp/0'], dialLoopback: true },
        // Nobody moves the clock while a request is on its way.
        bundle: { gatherMs: 0 },
        log: { gatherMs: 0 },
        ...this.#extra,
      },
      this.dir,
    )
    const read = async (file: string) => (await readFile(file, 'utf8')).trim()
    this.#ca = await read(settings.http.caFile)
    this.#tokens = {
      administrator: await read(settings.tokens.administrator),
      approver: await read(settings.tokens.approver),
    }
    const deps = { clock: this.clock, log: silentLogger, signer: signer ?? (await this.signer()) }
    this.#running = await startRegistry(settings, deps)
  }

  async stop(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }

  get runtime(): RunningRegistry['runtime'] {
    if (this.#running === undefined) throw new Error('not running')
    return this.#running.runtime
  }

  async signer(): Promise<Signer> {
    const key = await this.read('authority/issuing-key.pem')
    const signer = opened.get(key) ?? openSigner(key, passphrases.issuing)
    opened.set(key, signer)
    return signer
  }

  read(file: string): Promise<string> {
    return readFile(join(this.dir, file), 'utf8')
  }

  write(file: string, text: string): Promise<void> {
    return writeFile(join(this.dir, file), text)
  }

  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    options: {
      as?: 'administrator' | 'approver'
      json?: object
      body?: Uint8Array | string
      headers?: Record<string, string>
    } = {},
  ): Promise<Answer> {
    const { as, json } = options
    const headers = {
      ...(as && { authorization: `Bearer ${this.#tokens[as]}` }),
      ...(json && { 'content-type': 'application/json' }),
      ...options.headers,
    }
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.runtime.url),
        { method, headers, ca: this.#ca, agent: false },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => {
            const body = Buffer.concat(chunks)
            const parse = <T>() => JSON.parse(body.toString('utf8')) as T
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, json: parse })
          })
        },
      )
      call.on('error', reject)
      call.end(json ? JSON.stringify(json) : options.body)
    })
  }

  /** Enters an application that proves its key and approves it as both people; the enrolment token. */
  async admit(json: ReturnType<typeof applicationOf> & { csr: string }): Promise<string> {
    const applied = await this.call('POST', '/api/v1/applications', { as: 'administrator', json })
    const { id, digest } = applied.json<{ id: string; digest: string }>()
    const path = `/api/v1/applications/${id}/approvals`
    await this.call('POST', path, { as: 'administrator', json: { digest } })
    const second = await this.call('POST', path, { as: 'approver', json: { digest } })
    return second.json<{ enrolmentToken: string }>().enrolmentToken
  }

  /** A clinic that two people admitted with this key, and the enrolment token for it. */
  async addClinic(
    ura: string,
    declaredPatients = 1_000,
    key: NodeKey = NodeKey.generate(),
  ): Promise<{ token: string; key: NodeKey }> {
    const token = await this.admit({ ...(await provenApplicationOf(ura, key)), declaredPatients })
    return { token, key }
  }

  async est(path: 'simpleenroll' | 'simplereenroll', csr: Uint8Array): Promise<Answer> {
    const headers = { 'content-type': 'application/pkcs10' }
    const body = Buffer.from(csr).toString('base64')
    return this.call('POST', `/.well-known/est/${path}`, { headers, body })
  }

  async enrol(key: NodeKey, ura: string, token: string): Promise<Answer> {
    const csr = await createCertificateRequest(key, { organisation: `Clinic ${ura}`, ura, token })
    return this.est('simpleenroll', csr)
  }

  async renew(key: NodeKey, ura: string): Promise<Answer> {
    const csr = await createCertificateRequest(key, { organisation: `Clinic ${ura}`, ura, token: '' })
    return this.est('simplereenroll', csr)
  }

  /** A clinic with a certified key. */
  async member(ura: string, declaredPatients?: number): Promise<{ key: NodeKey; pem: string }> {
    const { token, key } = await this.addClinic(ura, declaredPatients)
    const answer = await this.enrol(key, ura, token)
    if (answer.status !== 200) throw new Error(answer.body.toString())
    return { key, pem: answer.body.toString() }
  }

  async certificates(): Promise<ListedCertificate[]> {
    return (await this.call('GET', '/api/v1/certificates', { as: 'approver' })).json()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
