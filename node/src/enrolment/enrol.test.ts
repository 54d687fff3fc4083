import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { NodeKey, createWebCertificate, pemOf, readCertificateRequest } from '@twiin/identity'
import type { NodeSubject } from '@twiin/identity'
import { testAuthority } from '@twiin/identity/testing'
import type { TestAuthority } from '@twiin/identity/testing'
import { ManualClock, silentLogger } from '@twiin/runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Enrolment } from './enrol.ts'
import { RegistryClient } from './registry-client.ts'

const day = 86_400_000
const clock = new ManualClock()
const hospital = { name: 'Ziekenhuis Voorbeeld', ura: '90000001' }
let authority: TestAuthority
let server: Server
let registry: RegistryClient
let dir: string
let key: NodeKey
/** What the registry changes in what it certifies; how it answers otherwise. */
let subject: Partial<NodeSubject>
let refuses: { status: number; body: string; path?: string } | undefined
let asked: { path: string; token: string | undefined }[]

beforeAll(async () => {
  authority = await testAuthority({ clock })
  const web = await createWebCertificate({
    ...{ commonName: 'registry', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], at: new Date() },
  })
  server = createServer({ key: web.key, cert: web.certificate }, (request, response) => {
    buffer(request)
      .then((body) => answer(request.url ?? '', body))
      .then(
        ({ status, body }) => response.writeHead(status).end(body),
        () => response.destroy(),
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  registry = new RegistryClient({ url: `https://127.0.0.1:${port}`, ca: web.caCertificate })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'twiin-enrol-'))
  key = NodeKey.generate()
  subject = {}
  refuses = undefined
  asked = []
  await writeFile(join(dir, 'token'), 'one-time-token\n')
  return () => rm(dir, { recursive: true })
})

async function answer(path: string, body: Buffer): Promise<{ status: number; body: string }> {
  const request = await readCertificateRequest(Buffer.from(body.toString(), 'base64'))
  asked.push({ path, token: request.token })
  if (refuses !== undefined && (refuses.path ?? path) === path) return refuses
  const { publicKey } = key
  const content: NodeSubject = {
    ...{ organisation: hospital.name, ura: hospital.ura, declaredPatients: 1000, role: 'member', publicKey },
    ...subject,
  }
  const now = clock.now()
  const validity = { notBefore: new Date(now), notAfter: new Date(now + 30 * day) }
  const { der } = await authority.authority.issueNodeCertificate(content, validity)
  return { status: 200, body: `${pemOf('CERTIFICATE', der)}${authority.issuingCertificate}` }
}

const open = (more: { enrolmentTokenFile?: string } = {}) =>
  new Enrolment(
    { hospital, certificateFile: join(dir, 'node.pem'), enrolmentTokenFile: join(dir, 'token'), ...more },
    { key, registry, verifier: authority.verifier, clock, log: silentLogger },
  )
const exists = (name: string) =>
  stat(join(dir, name)).then(
    () => true,
    () => false,
  )

describe('enrolment', () => {
  it('trades the token for a certificate once; the next start needs neither token nor registry', async () => {
    const enrolment = open()
    expect(() => enrolment.credential()).toThrow('NOT_READY')
    await enrolment.ensure()
    expect(enrolment.certificate).toMatchObject({ peerId: key.peerId, ura: hospital.ura })
    expect(await exists('token')).toBe(false)
    const restarted = open()
    await restarted.ensure()
    expect(restarted.credential()).toEqual(enrolment.credential())
    expect(asked).toEqual([{ path: '/.well-known/est/simpleenroll', token: 'one-time-token' }])
  })

  it.each([
    ['another hospital', () => (subject = { ura: '90000009' }), 'CERT_SUBJECT'],
    ['another key', () => (subject = { publicKey: NodeKey.generate().publicKey }), 'CERT_PEER_MISMATCH'],
  ])('takes no certificate of %s, and keeps the token', async (_what, change, code) => {
    change()
    await expect(open().ensure()).rejects.toThrow(code)
    expect([await exists('token'), await exists('node.pem')]).toEqual([true, false])
  })

  it('that the registry refuses says why, and keeps the token', async () => {
    refuses = { status: 403, body: JSON.stringify({ code: 'ENROLMENT_TOKEN_INVALID' }) }
    await expect(open().ensure()).rejects.toMatchObject({
      code: 'ENROLMENT_REFUSED',
      facts: { status: 403, code: 'ENROLMENT_TOKEN_INVALID' },
    })
    expect(await exists('token')).toBe(true)
  })

  it('whose answer was lost is made good with the key that was certified', async () => {
    refuses = {
      status: 403,
      body: JSON.stringify({ code: 'ENROLMENT_TOKEN_INVALID' }),
      path: '/.well-known/est/simpleenroll',
    }
    await open().ensure()
    expect([await exists('token'), await exists('node.pem')]).toEqual([false, true])
  })

  it('without a token says which file it looked for', async () => {
    await rm(join(dir, 'token'))
    await expect(open().ensure()).rejects.toThrow('ENROLMENT_TOKEN_MISSING')
  })

  it('at a registry with a certificate of another CA sends nothing', async () => {
    const strange = await createWebCertificate({
      commonName: 'x',
      dnsNames: [],
      ipAddresses: [],
      at: new Date(),
    })
    const { port } = server.address() as AddressInfo
    const elsewhere = new RegistryClient({ url: `https://127.0.0.1:${port}`, ca: strange.caCertificate })
    await expect(elsewhere.call('GET', '/')).rejects.toThrow('REGISTRY_UNREACHABLE')
    expect(asked).toEqual([])
  })
})

describe('a certificate', () => {
  it('is renewed after a third of its life, not before, and stays in use when that fails', async () => {
    const enrolment = open()
    await enrolment.ensure()
    const { serial } = enrolment.certificate
    await clock.advance(9 * day)
    await enrolment.renewWhenDue()
    expect(enrolment.certificate.serial).toBe(serial)
    await clock.advance(2 * day)
    refuses = { status: 503, body: '' }
    await expect(enrolment.renewWhenDue()).rejects.toThrow('ENROLMENT_REFUSED')
    expect(enrolment.certificate.serial).toBe(serial)
    refuses = undefined
    await enrolment.renewWhenDue()
    expect(enrolment.certificate.serial).not.toBe(serial)
    expect(asked.at(-1)).toEqual({ path: '/.well-known/est/simplereenroll', token: undefined })
  })

  it('that ran out while the node was off is renewed before anything else', async () => {
    await open().ensure()
    await clock.advance(40 * day)
    const late = open()
    await late.ensure()
    expect(late.certificate.notAfter).toBeGreaterThan(clock.now())
  })

  it('on disk that is no certificate is not replaced behind anybody’s back', async () => {
    await writeFile(join(dir, 'node.pem'), 'nonsense')
    await expect(open().ensure()).rejects.toThrow('CERT_UNREADABLE')
    expect(await readFile(join(dir, 'node.pem'), 'utf8')).toBe('nonsense')
  })
})
