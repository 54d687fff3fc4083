import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { silentLogger, systemClock } from '@twiin/runtime'
import { PageServer } from '@twiin/web'
import type { FastifyReply } from '@twiin/web'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestBroker } from '../testing/test-broker.ts'
import { brokerRoutes } from './broker-routes.ts'
import { Broker } from './broker.ts'

const origin = 'https://beelden.ziekenhuis.example'
const link = 'dAbCdEfGhIjKlMnOpQrStUv'

let dir: string
let provider: TestBroker
let server: PageServer
let said: object[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-broker-'))
  const [key, certificate, clientSecretFile] = ['key', 'certificate', 'secret'].map((name) => join(dir, name))
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key ?? '', '-out', certificate ?? '']
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...files])
  const claimsOf = { anna: { bsn: '999990019' } }
  provider = await TestBroker.start({ redirectUri: `${origin}/z/login`, claimsOf })
  await writeFile(clientSecretFile ?? '', provider.secret)
  const broker = new Broker(
    {
      ...{ issuer: provider.origin, clientId: 'twiin', clientSecretFile: clientSecretFile ?? '' },
      ...{ bsnClaim: 'bsn', publicUrl: origin },
    },
    { clock: systemClock, log: silentLogger },
  )
  said = []
  const say = (reply: FastifyReply, what: object) => {
    said.push(what)
    return Promise.resolve(reply.type('text/html').send('<p>a page</p>'))
  }
  const pages = {
    onward: (_: unknown, reply: FastifyReply, to: string) => say(reply, { to }),
    arrived: (_: unknown, reply: FastifyReply, who: object) => say(reply, { who }),
    failed: (_: unknown, reply: FastifyReply, why: object) => say(reply, { why }),
  }
  const tls = {
    certificate: await readFile(certificate ?? '', 'utf8'),
    key: await readFile(key ?? '', 'utf8'),
  }
  server = new PageServer(
    { ...{ host: '127.0.0.1', port: 0, tls, origin } },
    { log: silentLogger, routes: [brokerRoutes({ broker, pages })], errorPage: () => '<p>an error</p>' },
  )
  await server.start()
}, 60_000)
afterEach(async () => {
  await server.stop()
  await provider[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

async function call(method: string, path: string, headers: Record<string, string> = {}) {
  const ca = await readFile(join(dir, 'certificate'))
  const target = { host: '127.0.0.1', port: server.port, ca, method, path, headers, agent: false }
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const asking = request(target, (answer) => {
      const { statusCode: status = 0, headers: given } = answer
      text(answer).then((body) => resolve({ status, headers: given, body }), reject)
    })
    asking.on('error', reject).end()
  })
}
const own = { origin, 'sec-fetch-site': 'same-origin' }
const cookieOf = (headers: IncomingHttpHeaders) => headers['set-cookie']?.[0] ?? ''

it('goes there and back, without a redirect and with a cookie that lives ten minutes', async () => {
  const left = await call('POST', `/z/${link}/login`, own)
  expect(left.status).toBe(200)
  expect(left.headers.location).toBeUndefined()
  const cookie = cookieOf(left.headers)
  expect(cookie).toMatch(
    /^__Host-twiin_share_login=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  )
  const [{ to = '' } = {}] = said as { to?: string }[]
  expect(to.startsWith(provider.origin)).toBe(true)
  const back = await provider.visit(to, 'anna')
  const headers = { cookie: cookie.split(';')[0] ?? '', 'sec-fetch-site': 'cross-site' }
  const arrived = await call('GET', `${back.pathname}${back.search}`, headers)
  expect(arrived.status).toBe(200)
  expect(arrived.headers.location).toBeUndefined()
  expect(cookieOf(arrived.headers)).toMatch(/^__Host-twiin_share_login=; /)
  expect(said.at(-1)).toEqual({ who: { link, bsn: '999990019' } })
  // Once more, as a browser does that goes back: where it came from is known, and that is all.
  await call('GET', `${back.pathname}${back.search}`, headers)
  expect(said.at(-1)).toEqual({ why: { link, reason: 'unknown' } })
}, 60_000)

it('whoever comes without the cookie gets a page, and nothing of anybody', async () => {
  for (const path of ['/z/login', '/z/login?code=x&state=y', '/z/login?error=access_denied']) {
    await call('GET', path)
    expect(said.at(-1)).toEqual({ why: { link: undefined, reason: 'unknown' } })
  }
})

it('a page of somebody else sends nobody there, and neither does a link of another kind', async () => {
  const foreign = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }
  expect((await call('POST', `/z/${link}/login`, foreign)).status).toBe(403)
  for (const other of ['sAbCdEfGhIjKlMnOpQrStUv', 'd', 'login'])
    expect((await call('POST', `/z/${other}/login`, own)).status).toBe(404)
  expect(said).toEqual([])
})

it('a broker that is away is a page, and no cookie', async () => {
  await provider[Symbol.asyncDispose]()
  const answer = await call('POST', `/z/${link}/login`, own)
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(said).toEqual([{ why: { link, reason: 'unavailable' } }])
})
