import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { generateSync } from 'otplib'
import { LiveEvents } from './live-events.ts'
import { Problems } from './problems.ts'
import { Sessions } from './sessions.ts'
import { WebServer } from './web-server.ts'

/** Of passwords in tests: a hash takes 0.1 ms and 16 KiB, not 0.1 s and 32 MiB. */
export const cheapPassword = 4

const person = { id: 'jansen', role: 'reader' }

/** What an authenticator app with this secret shows at this time, in milliseconds. */
export const codeAt = (secret: string, at: number): string =>
  generateSync({ secret, epoch: Math.floor(at / 1000) })

/** A server in a folder of its own, with a page, a reader (`Bearer right`) and the role of a writer that nobody has. */
export class TestServer implements AsyncDisposable {
  readonly events = new LiveEvents()
  readonly sessions = new Sessions<typeof person>(
    {},
    { people: { byPassword: async () => person, stillThere: () => true }, clock: new ManualClock() },
  )
  readonly #dir: string
  readonly #certificate: string
  readonly #server: WebServer<typeof person>

  private constructor(
    dir: string,
    tls: { certificate: string; key: string },
    api: FastifyPluginAsyncTypebox,
  ) {
    this.#dir = dir
    this.#certificate = tls.certificate
    this.#server = new WebServer(
      {
        ...{ host: '127.0.0.1', port: 0, tls, uiDir: join(dir, 'ui'), bodyLimit: 1_000 },
        api: { title: 'Test', version: '1', description: '' },
      },
      {
        authentication: {
          ...{ sessionCookie: 'test', roles: ['reader', 'writer'], sessions: this.sessions },
          byToken: (token) => (token === 'right' ? person : undefined),
          identify: () => {},
        },
        problems: new Problems({ table: { LATER: [503, 'Later.'] }, showsReason: true }),
        ...{ events: this.events, log: silentLogger, plain: [], api: [api] },
      },
    )
  }

  static async start(api: FastifyPluginAsyncTypebox, page?: string): Promise<TestServer> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-web-'))
    const server = new TestServer(dir, await makeCertificate(dir), api)
    if (page !== undefined) {
      const assets = join(dir, 'ui/assets')
      await mkdir(assets, { recursive: true })
      await writeFile(join(dir, 'ui/index.html'), page)
      for (const coding of ['', '.br', '.gz']) await writeFile(join(assets, `part-1.js${coding}`), 'part')
    }
    try {
      await server.#server.start()
    } catch (error) {
      await rm(dir, { recursive: true })
      throw error
    }
    return server
  }

  open(method: string, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const { port } = this.#server
    return new Promise((resolve, reject) => {
      const call = { host: '127.0.0.1', port, ca: this.#certificate, method, path, headers, agent: false }
      request(call, resolve).on('error', reject).end()
    })
  }

  async call(method: string, path: string, headers: Record<string, string> = {}) {
    const answer = await this.open(method, path, headers)
    const body = await text(answer)
    const fields = body.startsWith('{') ? (JSON.parse(body) as { code?: string; detail?: string }) : {}
    return { status: answer.statusCode, headers: answer.headers, body, ...fields }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop()
    await rm(this.#dir, { recursive: true })
  }
}

export async function makeCertificate(dir: string): Promise<{ certificate: string; key: string }> {
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const files = ['-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...files])
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
}
