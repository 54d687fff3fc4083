import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { silentLogger } from '@twiin/runtime'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PageServer } from './page-server.ts'
import type { PageServerDeps, PageServerOptions } from './page-server.ts'
import { makeCertificate } from './testing.ts'

const origin = 'https://zien.example'
let dir: string
let tls: { certificate: string; key: string }
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-pages-'))
  tls = await makeCertificate(dir)
})
afterAll(() => rm(dir, { recursive: true }))

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/page', (_request, reply) => reply.send('page'))
  app.get('/file', (_request, reply) => reply.send('file'))
  app.post('/form', (_request, reply) => reply.send('done'))
  app.post('/entry', { config: { fromAnywhereUnsaid: true } }, (_request, reply) => reply.send('done'))
}

/** Pages on a port of this machine; `ask` gives the status. */
class Pages implements AsyncDisposable {
  readonly #server: PageServer

  private constructor(server: PageServer) {
    this.#server = server
  }

  static async start(
    options: Partial<PageServerOptions>,
    deps: Partial<PageServerDeps> = {},
  ): Promise<Pages> {
    const server = new PageServer(
      { ...{ host: '127.0.0.1', port: 0, tls, origin }, ...options },
      { log: silentLogger, routes: [routes], errorPage: (_, status) => `<p>${status}</p>`, ...deps },
    )
    await server.start()
    return new Pages(server)
  }

  get port(): number {
    return this.#server.port
  }

  ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    from = '127.0.0.1',
  ): Promise<number> {
    const own = method === 'POST' ? { origin } : {}
    return new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: this.port, ca: tls.certificate, agent: false, localAddress: from }
      request({ ...to, method, path, headers: { ...own, ...headers } }, (answer) => {
        text(answer).then(() => resolve(answer.statusCode ?? 0), reject)
      })
        .on('error', reject)
        .end()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop()
  }
}

it('of one network so many forms are taken in a minute, of this machine too', async () => {
  await using pages = await Pages.start({ postsPerMinute: 2 })
  const post = (from: string) => pages.ask('POST', '/form', {}, from)
  expect([await post('127.0.0.1'), await post('127.0.0.1'), await post('127.0.0.1')]).toEqual([200, 200, 429])
  expect([await post('127.0.0.2'), await pages.ask('GET', '/page')]).toEqual([200, 200])
})

it('who says for whom he asks is not believed, but for a proxy that is trusted', async () => {
  await using pages = await Pages.start({ postsPerMinute: 1, trustedProxies: ['127.0.0.8/31'] })
  const post = (forwarded: string, from: string) =>
    pages.ask('POST', '/form', { 'x-forwarded-for': forwarded }, from)
  expect([await post('192.0.2.1', '127.0.0.1'), await post('192.0.2.2', '127.0.0.1')]).toEqual([200, 429])
  expect([await post('192.0.2.1', '127.0.0.8'), await post('192.0.2.2', '127.0.0.8')]).toEqual([200, 200])
  // What stood there before the proxy wrote is the client's own word.
  expect(await post('192.0.2.77, 192.0.2.1', '127.0.0.9')).toBe(429)
})

it('pages are asked for so often in a minute, those that are not there too, but for what has a bound of its own', async () => {
  await using pages = await Pages.start(
    { getsPerMinute: 3 },
    { isUncounted: ({ routeOptions }) => routeOptions.url === '/file' },
  )
  for (let i = 0; i < 5; i++) expect(await pages.ask('GET', '/file')).toBe(200)
  const asked = ['/page', '/nowhere', '/page', '/page', '/nowhere']
  const answers = []
  for (const path of asked) answers.push(await pages.ask('GET', path))
  expect(answers).toEqual([200, 404, 200, 429, 429])
  expect(await pages.ask('POST', '/form')).toBe(200)
})

it('a network has so many connections at once, and others keep theirs', async () => {
  await using pages = await Pages.start({ connectionsPerNetwork: 2, trustedProxies: ['127.0.0.9'] })
  const open = (from: string) => connect({ host: '127.0.0.1', port: pages.port, localAddress: from })
  const held = [open('127.0.0.1'), open('127.0.0.1')]
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const refused = open('127.0.0.1').on('error', () => {})
  await once(refused, 'close')
  expect(await pages.ask('GET', '/page', {}, '127.0.0.2')).toBe(200)
  held.push(open('127.0.0.9'), open('127.0.0.9'), open('127.0.0.9'))
  expect(await pages.ask('GET', '/page', {}, '127.0.0.9')).toBe(200)
  for (const socket of held) socket.destroy()
  await expect.poll(() => pages.ask('GET', '/page').catch(() => 0)).toBe(200)
})

it('there are so many connections in all', async () => {
  await using pages = await Pages.start({ connections: 1 })
  const held = connect({ host: '127.0.0.1', port: pages.port })
  await once(held, 'connect')
  await once(
    connect({ host: '127.0.0.1', port: pages.port, localAddress: '127.0.0.2' }).on('error', () => {}),
    'close',
  )
  held.destroy()
  await expect.poll(() => pages.ask('GET', '/page').catch(() => 0)).toBe(200)
})

it('a form whose page the browser does not tell counts only where no session is used', async () => {
  await using pages = await Pages.start({})
  const post = (path: string, headers: Record<string, string>) => pages.ask('POST', path, headers)
  const unsaid = { origin: 'null' }
  expect([await post('/entry', unsaid), await post('/form', unsaid)]).toEqual([200, 403])
  const foreign = [
    { origin: 'https://elders.example' },
    { ...unsaid, 'sec-fetch-site': 'cross-site' },
    { ...unsaid, 'sec-fetch-site': 'same-site' },
  ]
  for (const headers of foreign) expect(await post('/entry', headers), JSON.stringify(headers)).toBe(403)
})
