import { get, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import { createWebCertificate } from './index.ts'

it('a web certificate serves HTTPS to who trusts its CA, under its names only', async () => {
  const at = new Date()
  const options = {
    commonName: 'Ziekenhuis De Proef',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    at,
  }
  const { caCertificate, certificate, key } = await createWebCertificate(options)
  const server = createServer({ cert: certificate, key }, (_request, response) => void response.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const status = async (overrides: { ca?: string; servername?: string }) => {
    const request = get({ host: '127.0.0.1', port, path: '/', agent: false, ca: caCertificate, ...overrides })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    return response.statusCode
  }
  try {
    expect(await status({})).toBe(200)
    expect(await status({ servername: 'localhost' })).toBe(200)
    await expect(status({ servername: 'elsewhere.example' })).rejects.toThrow(/does not match/)
    await expect(status({ ca: (await createWebCertificate(options)).caCertificate })).rejects.toThrow()
  } finally {
    server.close()
  }
})
