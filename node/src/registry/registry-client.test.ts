import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createWebCertificate } from '@twiin/identity'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RegistryClient } from './registry-client.ts'

let server: Server
let url = ''
let ca = ''
beforeAll(async () => {
  const names = { commonName: 'registry', dnsNames: [], ipAddresses: ['127.0.0.1'] }
  const web = await createWebCertificate({ ...names, at: new Date() })
  ca = web.caCertificate
  server = createServer({ key: web.key, cert: web.certificate }, (_, response) => response.end('1234567890'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

it('gives an answer whole, or says that it is too large', async () => {
  const client = new RegistryClient({ url, ca })
  expect((await client.call('GET', '/x')).body.toString()).toBe('1234567890')
  await expect(client.call('GET', '/x', { maxBytes: 9 })).rejects.toThrow('REGISTRY_ANSWER_TOO_LARGE')
})

it.each([
  ['a name that nobody has', 'https://registry.invalid:1', /^(ENOTFOUND|EAI_AGAIN)$/],
  ['a port where nobody listens', 'https://127.0.0.1:1', /^ECONNREFUSED$/],
])('says what stood in between: %s', async (_, url, why) => {
  const call = new RegistryClient({ url, ca }).call('GET', '/x')
  await expect(call).rejects.toMatchObject({
    code: 'REGISTRY_UNREACHABLE',
    facts: { url: `${url}/x`, why: expect.stringMatching(why) as string },
  })
})

it('says so when the certificate is of another authority', async () => {
  const call = new RegistryClient({ url, ca: '' }).call('GET', '/x')
  await expect(call).rejects.toMatchObject({
    facts: { why: expect.stringMatching(/CERT|SIGNATURE/) as string },
  })
})
