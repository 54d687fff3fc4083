import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fetchThrough } from './fetch-through.ts'

let dir: string
let ca: Buffer
let server: Server
let url: string
let answer: (response: ServerResponse, asked: string) => void

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-fetch-'))
  const [key, certificate] = [join(dir, 'key'), join(dir, 'certificate')] as const
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const files = ['-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...files])
  ca = await readFile(certificate)
  server = createServer({ key: await readFile(key), cert: ca }, (request, response) => {
    const { 'content-type': type = '', accept = '' } = request.headers
    void text(request).then((body) => answer(response, `${request.method} ${type} ${accept} ${body}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(dir, { recursive: true })
})

const type = 'application/x-www-form-urlencoded;charset=UTF-8'
const form = {
  method: 'POST',
  headers: { 'content-type': type, accept: 'application/json' },
  body: new URLSearchParams({ code: 'a&b' }),
}

it('asks what fetch would ask, and has status, type and body', async () => {
  answer = (response, asked) =>
    void response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ asked }))
  const response = await fetchThrough({ ca })(url, form)
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toEqual({ asked: `POST ${type} application/json code=a%26b` })
})

it('trusts these certificates and no other', async () => {
  answer = (response) => void response.end('{}')
  const others = Buffer.from(rootCertificates.join('\n'))
  await expect(fetchThrough({ ca: others })(url, form)).rejects.toThrow(TypeError)
})

it('a redirect is an answer, not a way', async () => {
  answer = (response) => void response.writeHead(302, { location: '/elsewhere' }).end()
  expect((await fetchThrough({ ca })(url, form)).status).toBe(302)
})

it('an answer without end is cut off', async () => {
  answer = (response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  await expect(fetchThrough({ ca })(url, form)).rejects.toThrow('answer too long')
})

it('one that does not come ends with the signal', async () => {
  answer = () => {}
  const signal = AbortSignal.timeout(200)
  await expect(fetchThrough({ ca })(url, { ...form, signal })).rejects.toThrow(/abort/i)
})
