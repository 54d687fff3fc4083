import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import {
  CertificateVerifier,
  NodeKey,
  createWebCertificate,
  pemOf,
  readCertificateRequest,
  splitCredential,
} from '@twiin/identity'
import type { NodeCertificate, NodeSubject } from '@twiin/identity'
import { evidence as evidenceType } from '@twiin/protocol'
import { silentLogger } from '@twiin/runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TestNetwork } from '../testing/test-network.ts'
import type { NetworkView } from '../trust/network-view.ts'
import { Enrolment } from './enrol.ts'
import { OwnEvidence } from './own-evidence.ts'
import { RegistryClient } from '../registry/registry-client.ts'
import { renewalDueAt } from './renewal-due.ts'

const day = 86_400_000
const hospital = { name: 'Ziekenhuis Voorbeeld', ura: '90000001' }
const enrolPath = '/.well-known/est/simpleenroll'
const renewPath = '/.well-known/est/simplereenroll'
let network: TestNetwork
let server: Server
let registry: RegistryClient
let view: NetworkView
let key: NodeKey
/** What the registry changes in what it certifies; how it answers otherwise; whose cosignatures it has. */
let subject: Partial<NodeSubject>
let refuses: { status: number; body: string; path?: string } | undefined
let cosigners: readonly NodeKey[] | undefined
let asked: { path: string; token: string | undefined }[]
let lines: Map<string, number>

beforeAll(async () => {
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
  network = await TestNetwork.open()
  key = NodeKey.generate()
  subject = {}
  refuses = undefined
  cosigners = []
  asked = []
  lines = new Map()
  view = network.view()
  await view.bundle.accept(await network.document())
  await writeFile(join(network.dir, 'token'), 'one-time-token\n')
  return () => network[Symbol.asyncDispose]()
})

async function answer(path: string, body: Buffer): Promise<{ status: number; body: string | Uint8Array }> {
  if (path.startsWith('/api/v1/log/evidence/')) return evidenceOf(path.split(/[/?]/)[5] ?? '')
  const request = await readCertificateRequest(Buffer.from(body.toString(), 'base64'))
  asked.push({ path, token: request.token })
  if (refuses !== undefined && (refuses.path ?? path) === path) return refuses
  const { publicKey } = key
  const content: NodeSubject = {
    ...{ organisation: hospital.name, ura: hospital.ura, declaredPatients: 1000, role: 'member', publicKey },
    ...subject,
  }
  const now = network.clock.now()
  const validity = { notBefore: new Date(now), notAfter: new Date(now + 30 * day) }
  const { der, serial } = await network.authority.authority.issueNodeCertificate(content, validity)
  lines.set(serial, network.log.append({ act: 'issued', certificate: Buffer.from(der).toString('base64') }))
  return { status: 200, body: `${pemOf('CERTIFICATE', der)}${network.authority.issuingCertificate}` }
}

function evidenceOf(serial: string): { status: number; body: string | Uint8Array } {
  asked.push({ path: 'evidence', token: undefined })
  const index = lines.get(serial)
  if (index === undefined) return { status: 404, body: '' }
  if (cosigners === undefined) return { status: 503, body: '{"code":"LOG_NOT_COSIGNED"}' }
  return { status: 200, body: evidenceType.encode(network.log.evidence(index, cosigners)) }
}

function open(): Enrolment {
  const { rootCertificate, trustDomain } = network.authority
  const { clock, dir } = network
  const { bundle, logView } = view
  const log = silentLogger
  return new Enrolment(
    { hospital, certificateFile: join(dir, 'node.pem'), enrolmentTokenFile: join(dir, 'token') },
    {
      ...{ key, registry, clock, log },
      verifierFor: (by = clock) => new CertificateVerifier({ trustDomain, rootCertificate }, { clock: by }),
      evidence: new OwnEvidence({ file: join(dir, 'evidence.cbor') }, { registry, bundle, logView, log }),
      isLogTrusted: () => logView.distrust === undefined,
    },
  )
}
const exists = (name: string) =>
  stat(join(network.dir, name)).then(
    () => true,
    () => false,
  )
/** What peers are shown as evidence. */
const shown = (enrolment: Enrolment) => {
  const { evidence } = splitCredential(enrolment.credential())
  return evidence === undefined ? undefined : evidenceType.decode(evidence)
}
/** Cosignatures are required from now on, of these. */
async function witnessedBy(...witnesses: NodeKey[]): Promise<void> {
  network.witnessing = {
    ...network.witnessing,
    phase: 'required',
    witnesses: witnesses.map(({ peerId }) => peerId),
  }
  network.cosigners = witnesses
  await view.bundle.accept(await network.document())
}

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
    expect(asked).toEqual([{ path: enrolPath, token: 'one-time-token' }])
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
      path: enrolPath,
    }
    await open().ensure()
    expect([await exists('token'), await exists('node.pem')]).toEqual([false, true])
  })

  it('without a token says which file it looked for', async () => {
    await rm(join(network.dir, 'token'))
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
    network.clock.moveOn(8.9 * day)
    await enrolment.tend()
    expect(enrolment.certificate.serial).toBe(serial)
    network.clock.moveOn(2.2 * day)
    refuses = { status: 503, body: '{"code":"LEDGER_UNWRITABLE"}' }
    await expect(enrolment.tend()).rejects.toThrow('ENROLMENT_REFUSED')
    const since = network.clock.now()
    network.clock.moveOn(day)
    await expect(enrolment.tend()).rejects.toThrow('ENROLMENT_REFUSED')
    expect(enrolment.certificate.serial).toBe(serial)
    expect(enrolment.failing?.code).toBe('LEDGER_UNWRITABLE')
    expect(Math.abs((enrolment.failing?.since ?? 0) - since)).toBeLessThan(1000)
    refuses = undefined
    await enrolment.tend()
    expect(enrolment.certificate.serial).not.toBe(serial)
    expect(enrolment.failing).toBeUndefined()
    expect(asked).toContainEqual({ path: renewPath, token: undefined })
  })

  it('of one key is renewed at one moment, of a thousand keys all over two days', () => {
    const [notBefore, notAfter] = [0, 30 * day]
    const due = Array.from({ length: 1000 }, () => {
      const own = { notBefore, notAfter, publicKey: NodeKey.generate().publicKey } as NodeCertificate
      expect(renewalDueAt(own, true)).toBe(renewalDueAt(own, true))
      return renewalDueAt(own, true) / day
    })
    expect(Math.min(...due)).toBeGreaterThanOrEqual(9)
    expect(Math.max(...due)).toBeLessThan(11)
    expect(Math.max(...due) - Math.min(...due)).toBeGreaterThan(1.8)
  })

  it('that ran out while the node was off is renewed before anything else', async () => {
    await open().ensure()
    network.clock.moveOn(40 * day)
    const late = open()
    await late.ensure()
    expect(late.hasExpired).toBe(false)
  })

  it('that ran out is no reason not to start when the registry does not renew it now; later it does', async () => {
    await open().ensure()
    network.clock.moveOn(40 * day)
    refuses = { status: 503, body: '' }
    const late = open()
    await late.ensure()
    expect([late.hasExpired, late.certificate.peerId]).toEqual([true, key.peerId])
    refuses = undefined
    await late.tend()
    expect(late.hasExpired).toBe(false)
    const restarted = open()
    await restarted.ensure()
    expect(restarted.credential()).toEqual(late.credential())
  })

  it('that ran out is replaced by its successor before there is evidence: it convinces nobody any more', async () => {
    await open().ensure()
    network.clock.moveOn(40 * day)
    cosigners = undefined
    const late = open()
    await late.ensure()
    expect(late.hasExpired).toBe(false)
  })

  it('that may not be renewed any more is got with a new token in the place of the first', async () => {
    await open().ensure()
    network.clock.moveOn(70 * day)
    refuses = { status: 403, body: '{"code":"RENEWAL_TOO_LATE"}', path: renewPath }
    const late = open()
    await late.ensure()
    expect([late.hasExpired, late.failing?.code]).toEqual([true, 'RENEWAL_TOO_LATE'])
    await writeFile(join(network.dir, 'token'), 'second-token')
    await late.tend()
    expect([late.hasExpired, await exists('token')]).toEqual([false, false])
    expect(asked).toContainEqual({ path: enrolPath, token: 'second-token' })
  })

  it('on disk that is no certificate is not replaced behind anybody’s back', async () => {
    await writeFile(join(network.dir, 'node.pem'), 'nonsense')
    await expect(open().ensure()).rejects.toThrow('CERT_UNREADABLE')
    expect(await readFile(join(network.dir, 'node.pem'), 'utf8')).toBe('nonsense')
  })
})

describe('evidence that the certificate is logged', () => {
  const [one, two, three] = [NodeKey.generate(), NodeKey.generate(), NodeKey.generate()]
  const fetches = () => asked.filter(({ path }) => path === 'evidence').length

  it('is fetched once, shown with it, and there again after a restart', async () => {
    const enrolment = open()
    await enrolment.ensure()
    expect(shown(enrolment)).toBeUndefined()
    await enrolment.tend()
    await enrolment.tend()
    expect([enrolment.isConvincing, fetches()]).toEqual([true, 1])
    const restarted = open()
    await restarted.ensure()
    expect(shown(restarted)?.leaf).toEqual(shown(enrolment)?.leaf)
    expect(restarted.credential()).toEqual(enrolment.credential())
  })

  it('is waited for while too few have cosigned', async () => {
    await witnessedBy(one, two)
    cosigners = undefined
    const enrolment = open()
    await enrolment.ensure()
    await expect(enrolment.tend()).rejects.toThrow('EVIDENCE_NOT_READY')
    cosigners = [one, two]
    await enrolment.tend()
    expect(enrolment.isConvincing).toBe(true)
  })

  it('is fetched anew when cosignatures become required, and when the witnesses are others', async () => {
    const enrolment = open()
    await enrolment.ensure()
    await enrolment.tend()
    cosigners = [one, two]
    await witnessedBy(one, two)
    expect(enrolment.isConvincing).toBe(false)
    await enrolment.tend()
    expect([enrolment.isConvincing, fetches()]).toEqual([true, 2])
    network.witnessing = { ...network.witnessing, witnesses: [two.peerId, three.peerId] }
    await view.bundle.accept(await network.document())
    cosigners = [two, three]
    await enrolment.tend()
    expect([enrolment.isConvincing, fetches()]).toEqual([true, 3])
  })

  it('of another certificate is not kept', async () => {
    const enrolment = open()
    await enrolment.ensure()
    lines = new Map([[enrolment.certificate.serial, network.log.append({ act: 'issued', certificate: 'x' })]])
    await expect(enrolment.tend()).rejects.toThrow('EVIDENCE_INVALID')
    expect(shown(enrolment)).toBeUndefined()
  })

  it('of a renewed certificate comes before it is shown: until then the old one is, after a restart too', async () => {
    const enrolment = open()
    await enrolment.ensure()
    await enrolment.tend()
    const { serial } = enrolment.certificate
    network.clock.moveOn(12 * day)
    cosigners = undefined
    await expect(enrolment.tend()).rejects.toThrow('EVIDENCE_NOT_READY')
    expect([enrolment.certificate.serial, enrolment.isConvincing]).toEqual([serial, true])
    const renewals = asked.length
    const restarted = open()
    await restarted.ensure()
    expect([restarted.certificate.serial, restarted.isConvincing]).toEqual([serial, true])
    cosigners = []
    await restarted.tend()
    expect(restarted.certificate.serial).not.toBe(serial)
    expect(restarted.isConvincing).toBe(true)
    expect(asked.slice(renewals).map(({ path }) => path)).toEqual(['evidence'])
    const again = open()
    await again.ensure()
    expect(again.credential()).toEqual(restarted.credential())
  })

  it('of a renewed certificate that was on disk when the node died is enough to go on with that one', async () => {
    const enrolment = open()
    await enrolment.ensure()
    await enrolment.tend()
    network.clock.moveOn(12 * day)
    cosigners = undefined
    await expect(enrolment.tend()).rejects.toThrow('EVIDENCE_NOT_READY')
    const [serial, index] = [...lines].at(-1) ?? ['', 0]
    const evidence = evidenceType.encode(network.log.evidence(index))
    await writeFile(join(network.dir, 'evidence.cbor'), evidence)
    const restarted = open()
    await restarted.ensure()
    expect([restarted.certificate.serial, restarted.isConvincing]).toEqual([serial, true])
  })

  it('would help nobody while the log is distrusted: the old certificate is kept until its last days', async () => {
    const enrolment = open()
    await enrolment.ensure()
    await enrolment.tend()
    const { serial } = enrolment.certificate
    const fork = network.log.fork()
    network.log.append({ act: 'one thing' })
    fork.append({ act: 'another' })
    view.logView.accuse(network.log.checkpoint(), fork.checkpoint(), 'test')
    network.clock.moveOn(20 * day)
    await enrolment.tend()
    expect(enrolment.certificate.serial).toBe(serial)
    network.clock.moveOn(9 * day)
    await enrolment.tend()
    expect(enrolment.certificate.serial).not.toBe(serial)
  })
})
