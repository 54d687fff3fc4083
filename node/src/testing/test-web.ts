import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { cheapPassword } from '@twiin/web/testing'
import { composeWeb } from '../composition/web.ts'
import type { Ground } from '../composition/ground.ts'
import type { Shares } from '../composition/shares.ts'
import type { Settings } from '../config/settings.ts'
import { runtimeFile } from '../http/runtime-file.ts'
import { People, roles } from '../people/people-file.ts'
import type { Role } from '../people/people-file.ts'
import type { TestHospital } from './test-hospital.ts'

export interface WebAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  json: () => unknown
}
export interface WebCall {
  method?: string
  /** `nobody`: without a token; with a cookie in the headers, a person of a session. */
  as?: Role | 'nobody'
  headers?: Record<string, string>
  body?: Buffer | string
}

/** The page and API of a hospital in a test, on a socket, with a token for each role; commands find it as they do a node. */
export class TestWeb implements AsyncDisposable {
  readonly port: number
  readonly ca: string
  readonly tokens: Record<Role, string>
  readonly #stop: () => Promise<void>

  private constructor(port: number, ca: string, tokens: Record<Role, string>, stop: () => Promise<void>) {
    this.port = port
    this.ca = ca
    this.tokens = tokens
    this.#stop = stop
  }

  static async start(
    hospital: TestHospital,
    web: Partial<Settings['web']> = {},
    signIn: Partial<Settings['signIn']> = {},
    shares?: Pick<Shares, 'routes'>,
  ): Promise<TestWeb> {
    const { ground, index, exchange, dir, key } = hospital
    const peopleFile = join(dir, 'people.json')
    const people = new People({ file: peopleFile, passwordCost: cheapPassword })
    const tokens = {} as Record<Role, string>
    for (const role of roles) tokens[role] = await people.addToken({ id: `${role} token`, name: role, role })
    const port = await freePort()
    const settings = {
      ...hospital.settings(),
      dataDir: dir,
      peopleFile,
      demo: false,
      hospital: { ...hospital.settings().hospital, patientIdIssuer: 'ZIS' },
      signIn: { secondFactor: 'optional' as const, idleMinutes: 15, longestHours: 12, ...signIn },
      web: { host: '127.0.0.1', port, corsOrigins: [], ...web },
    }
    const host = { peerId: key.peerId, connectedPeers: () => [] }
    const certificate = { notBefore: Date.now(), notAfter: Date.now() + 86_400_000 }
    const enrolment = { certificate, hasExpired: false, isConvincing: true }
    const trust = { watch: { state: { reachable: true } }, logView: {}, witness: {} }
    const parts = { ...ground, host, enrolment, ...trust }
    const { http, tls } = await composeWeb(
      settings,
      parts as unknown as Ground,
      index,
      exchange,
      hospital.hl7,
      shares,
    )
    await http.start()
    const runtime = runtimeFile(settings, { host: { ...host, multiaddrs: () => [] }, tls })
    await runtime.start?.()
    const stop = async () => {
      await runtime.stop?.()
      await http.stop()
    }
    // None beside a certificate of the hospital's own.
    const ca = await readFile(tls.caFile, 'utf8').catch(() => '')
    return new TestWeb(port, ca, tokens, stop)
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  call(
    path: string,
    { method = 'GET', as = 'radiologist', headers = {}, body }: WebCall = {},
  ): Promise<WebAnswer> {
    const { port, ca } = this
    const authorised = as === 'nobody' ? {} : { authorization: `Bearer ${this.tokens[as]}` }
    return new Promise((resolve, reject) => {
      const ask = request(
        { host: '127.0.0.1', port, ca, method, path, agent: false, headers: { ...authorised, ...headers } },
        (answer) => {
          buffer(answer).then((bytes) => {
            const json = () => JSON.parse(bytes.toString('utf8')) as unknown
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: bytes, json })
          }, reject)
        },
      )
      ask.on('error', reject)
      ask.end(body)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
