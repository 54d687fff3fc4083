import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { TwiinError } from '@twiin/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestServer } from './testing.ts'

let isWelcome = true
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const roles = ['reader']
  app.get('/books', { config: { roles } }, () => ({ books: 0 }))
  app.post('/books', { config: { roles } }, () => ({ books: 1 }))
  app.post('/shelves', { config: { roles: ['writer'] } }, () => ({}))
  app.get('/kept', { config: { open: true } }, (_request, reply) =>
    reply.header('cache-control', 'max-age=60').send({}),
  )
  app.get('/waits', { config: { open: true } }, () => {
    throw new TwiinError('LATER', { retryAfterSeconds: 7, reason: 'busy' })
  })
  app.get('/breaks', { config: { open: true } }, () => {
    throw new TwiinError('SECRET_INSIDE', { reason: 'hidden' })
  })
  app.get('/events', { config: { open: true } }, (_request, reply) =>
    server.events.attach(reply, () => isWelcome),
  )
}

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start(routes, '<h1>page</h1>')
})
afterAll(() => server[Symbol.asyncDispose]())

describe('a running server', () => {
  const bearer = { authorization: 'Bearer right' }

  it('lets in who has the token and the role', async () => {
    expect(await server.call('GET', '/api/v1/books')).toMatchObject({
      status: 401,
      code: 'NOT_AUTHENTICATED',
    })
    const wrong = { authorization: 'Bearer wrong' }
    expect(await server.call('GET', '/api/v1/books', wrong)).toMatchObject({ status: 401 })
    expect(await server.call('GET', '/api/v1/books', bearer)).toMatchObject({ status: 200 })
    expect(await server.call('POST', '/api/v1/shelves', bearer)).toMatchObject({
      status: 403,
      code: 'ROLE_NOT_PERMITTED',
    })
  })

  it('lets a cookie read, and change only with the header that no foreign page can set', async () => {
    const begun = await server.sessions.begin({ username: 'jansen', address: '192.0.2.1' }, 'x')
    const cookie = `test=${typeof begun === 'string' ? begun : begun.secret}`
    expect(await server.call('GET', '/api/v1/books', { cookie })).toMatchObject({ status: 200 })
    expect(await server.call('POST', '/api/v1/books', { cookie })).toMatchObject({
      status: 403,
      code: 'CSRF',
    })
    expect(await server.call('POST', '/api/v1/books', { cookie, 'x-twiin-csrf': '1' })).toMatchObject({
      status: 200,
    })
  })

  it('answers a problem that the app lists, and nothing of one that it does not', async () => {
    const later = await server.call('GET', '/api/v1/waits')
    expect(later).toMatchObject({ status: 503, code: 'LATER', detail: 'busy' })
    // A name, not an address: whoever runs this has a domain of their own.
    expect(JSON.parse(later.body)).toMatchObject({ type: 'urn:twiin:problem:later' })
    expect(later.headers['retry-after']).toBe('7')
    const broken = await server.call('GET', '/api/v1/breaks')
    expect(broken).toMatchObject({ status: 500, code: 'UNEXPECTED' })
    expect(broken.body).not.toMatch(/SECRET|hidden/)
  })

  it('keeps no answer of the API, but where a route says how long', async () => {
    expect((await server.call('GET', '/api/v1/books', bearer)).headers['cache-control']).toBe('no-store')
    expect((await server.call('GET', '/api/v1/kept')).headers['cache-control']).toBe('max-age=60')
  })

  it('answers the page at the page’s own addresses, under a policy that lets in nothing foreign', async () => {
    const page = await server.call('GET', '/any/where', { accept: 'text/html' })
    expect([page.status, page.body]).toEqual([200, '<h1>page</h1>'])
    expect((await server.call('GET', '/any/where', { accept: '*/*' })).status).toBe(200)
    const policy = String(page.headers['content-security-policy'])
    for (const rule of ["default-src 'self'", "script-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(rule)
    expect(policy).not.toContain('unsafe-eval')
    for (const [path, accept] of [
      ['/api/v1/nothing', 'text/html'],
      ['/any/where', 'application/json'],
      ['/assets/gone.js', '*/*'],
    ] as const)
      expect(await server.call('GET', path, { accept })).toMatchObject({ status: 404, code: 'NOT_FOUND' })
  })

  it('sends parts of a page as small as the browser takes them, to be kept for ever; the page itself is asked for anew', async () => {
    const coding = async (accepted: string) => {
      const { headers, status } = await server.call('GET', '/assets/part-1.js', {
        'accept-encoding': accepted,
      })
      return [status, headers['content-encoding'], headers['cache-control']]
    }
    const forEver = 'public, max-age=31536000, immutable'
    expect(await coding('gzip, br')).toEqual([200, 'br', forEver])
    expect(await coding('gzip')).toEqual([200, 'gzip', forEver])
    expect(await coding('identity')).toEqual([200, undefined, forEver])
    const page = await server.call('GET', '/any/where', { accept: 'text/html' })
    expect(page.headers['cache-control']).toBe('no-cache')
  })

  it('tells open pages what happened, until they are no longer welcome', async () => {
    const stream = await server.open('GET', '/api/v1/events')
    const heard: string[] = []
    stream.setEncoding('utf8').on('data', (part: string) => heard.push(part))
    const ended = new Promise((resolve) => stream.on('end', resolve))
    const first = new Promise((resolve) => stream.once('data', resolve))
    await first
    const second = new Promise((resolve) => stream.once('data', resolve))
    server.events.emit({ kind: 'book', id: '1', state: 'read' })
    await second
    isWelcome = false
    server.events.emit({ kind: 'book', id: '2', state: 'read' })
    await ended
    expect(heard.join('')).toContain('event: book\ndata: {"kind":"book","id":"1","state":"read"}')
    expect(heard.join('')).not.toContain('"id":"2"')
  })
})

describe('a server does not start', () => {
  it.each([
    ['does not say who may call it', {}, 'ROUTE_WITHOUT_ROLES'],
    ['names a role that does not exist', { roles: ['raeder'] }, 'ROUTE_ROLE_UNKNOWN'],
  ])('with a route that %s', async (_what, config, code) => {
    const refused = TestServer.start(async (app) => void app.get('/books', { config }, () => ''))
    await expect(refused).rejects.toMatchObject({ code })
  })
})

it('a server without a built page answers 404 for it', async () => {
  await using bare = await TestServer.start(routes)
  expect(await bare.call('GET', '/', { accept: 'text/html' })).toMatchObject({
    status: 404,
    code: 'NOT_FOUND',
  })
})
