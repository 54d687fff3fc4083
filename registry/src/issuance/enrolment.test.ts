import { createCertificateRequest, NodeKey, CertificateVerifier, credentialOf, derOf } from '@twiin/identity'
import { ManualClock } from '@twiin/runtime'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'

const hour = 3_600_000

test('a node enrols once with its token and gets a certificate that every node accepts', async () => {
  await using registry = await TestRegistry.create()
  const { token, key } = await registry.addClinic('10000001', 80_000)
  const answer = await registry.enrol(key, '10000001', token)
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe('application/x-pem-file')
  const [leaf = '', issuing = ''] =
    answer.body.toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const verifier = new CertificateVerifier(
    { trustDomain: 'twiin.example', rootCertificate: await registry.read('authority/root.pem') },
    { clock: registry.clock },
  )
  const certificate = await verifier.verify(
    credentialOf(derOf('CERTIFICATE', leaf), derOf('CERTIFICATE', issuing)),
  )
  expect(certificate).toMatchObject({
    ura: '10000001',
    organisation: 'Clinic 10000001',
    role: 'member',
    declaredPatients: 80_000,
    peerId: key.peerId,
  })
  expect(certificate.notAfter - registry.clock.now()).toBeGreaterThan(29.9 * 24 * hour)
  const [listed, ...others] = await registry.certificates()
  expect(others).toEqual([])
  expect(listed).toEqual({
    serial: certificate.serial,
    ura: '10000001',
    name: 'Clinic 10000001',
    peerId: key.peerId,
    notBefore: new Date(certificate.notBefore).toISOString(),
    notAfter: new Date(certificate.notAfter).toISOString(),
    status: 'valid',
    daysLeft: 29,
    issuedAt: new Date(registry.clock.now()).toISOString(),
    index: expect.any(Number) as number,
    approvedBy: ['administrator', 'approver'],
  })
  const shown = await registry.call('GET', `/api/v1/certificates/${certificate.serial}`, { as: 'approver' })
  const { pem, text, ...same } = shown.json<{ pem: string; text: { sans: string[]; subject: string[] } }>()
  expect(same).toEqual(listed)
  expect(answer.body.toString()).toContain(pem)
  expect(text.subject).toContain('organizationIdentifier=URA:10000001')
  expect(text.sans).toContain(`URI:spiffe://twiin.example/ura/10000001/peer/${key.peerId}`)
  const line = (await registry.read('data/ledger.jsonl')).split('\n')[listed?.index ?? -1] ?? ''
  expect(JSON.parse(line)).toMatchObject({ act: 'issued', serial: certificate.serial })
  const missing = await registry.call('GET', '/api/v1/certificates/00ff', { as: 'approver' })
  expect([missing.status, missing.json().code]).toEqual([404, 'NOT_FOUND'])

  const second = await registry.enrol(key, '10000001', token)
  expect([second.status, second.json().code]).toEqual([401, 'ENROLMENT_TOKEN_INVALID'])
  expect(await registry.certificates()).toHaveLength(1)
})

test('of many uses of one token at the same time one succeeds', async () => {
  await using registry = await TestRegistry.create()
  const { token, key } = await registry.addClinic('10000001')
  const answers = await Promise.all(Array.from({ length: 12 }, () => registry.enrol(key, '10000001', token)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(11)
})

test('a token is worth nothing after 72 hours, for another clinic, or when it was never given', async () => {
  await using registry = await TestRegistry.create()
  const { token, key } = await registry.addClinic('10000001')
  expect((await registry.enrol(key, '10000002', token)).json().code).toBe('ENROLMENT_TOKEN_INVALID')
  expect((await registry.enrol(key, '10000001', token.replace(/^./, 'x'))).status).toBe(401)
  expect((await registry.enrol(key, '10000001', '')).status).toBe(401)
  await registry.clock.advance(72 * hour)
  expect((await registry.enrol(key, '10000001', token)).json().code).toBe('ENROLMENT_TOKEN_INVALID')
  expect(await registry.certificates()).toEqual([])
})

test('a request that was altered, or that is none, is refused and leaves the token usable', async () => {
  await using registry = await TestRegistry.create()
  const { token, key } = await registry.addClinic('10000001')
  const csr = await createCertificateRequest(key, { organisation: 'Clinic 10000001', ura: '10000001', token })
  for (const at of [csr.length - 1, csr.length - 40, 60, 1]) {
    const altered = Uint8Array.from(csr)
    altered[at]! ^= 1
    const answer = await registry.est('simpleenroll', altered)
    expect([answer.status, answer.json().code]).toEqual([422, 'CSR_INVALID'])
  }
  expect((await registry.est('simpleenroll', Buffer.from('no request'))).status).toBe(422)
  const long = await registry.est('simpleenroll', new Uint8Array(100_000))
  expect(long.status).toBe(413)
  expect((await registry.est('simpleenroll', csr)).status).toBe(200)
})

test('a certificate is renewed for the same key only, until thirty days after it expired', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
  const stranger = NodeKey.generate()
  expect((await registry.renew(stranger, '10000001')).json().code).toBe('KEY_UNKNOWN')
  await registry.clock.advance(hour)
  expect((await registry.renew(key, '10000001')).status).toBe(200)
  // Not while it runs: it would issue a network bundle for every hour of it.
  const laterBy = async (days: number) => {
    await registry.stop()
    await registry.clock.advance(days * 24 * hour)
    await registry.start()
  }
  await laterBy(59)
  expect((await registry.renew(key, '10000001')).status).toBe(200)
  await laterBy(61)
  expect((await registry.renew(key, '10000001')).json().code).toBe('RENEWAL_TOO_LATE')
  expect((await registry.certificates()).map(({ peerId, status }) => [peerId, status])).toEqual(
    Array.from({ length: 3 }, () => [key.peerId, 'expired']),
  )
})

test('a clinic with a valid certificate gets no second key', async () => {
  await using registry = await TestRegistry.create()
  await registry.member('10000001')
  const { token, key } = await registry.addClinic('10000001')
  const answer = await registry.enrol(key, '10000001', token)
  expect([answer.status, answer.json().code]).toEqual([409, 'CLINIC_HAS_KEY'])
})

test('a request for renewal that is played back brings the same certificate again, and uses up nothing', async () => {
  await using registry = await TestRegistry.create()
  const { key, pem } = await registry.member('10000001')
  const csr = await createCertificateRequest(key, {
    ...{ organisation: 'Clinic 10000001', ura: '10000001', token: '' },
  })
  const replay = () => registry.est('simplereenroll', csr)
  for (let i = 0; i < 20; i++) {
    const answer = await replay()
    expect([i, answer.status, answer.body.toString()]).toEqual([i, 200, pem])
  }
  expect(await registry.certificates()).toHaveLength(1)
  // Ten a day, however often it is sent; who asks beyond that has a certificate of today.
  const got = new Set([pem])
  for (let i = 0; i < 12; i++) {
    await registry.clock.advance(hour)
    got.add((await replay()).body.toString())
  }
  expect(got.size).toBe(10)
  const own = await registry.renew(key, '10000001')
  expect([own.status, own.body.toString()]).toEqual([200, [...got].at(-1)])
  await registry.clock.advance(12 * hour)
  got.add((await registry.renew(key, '10000001')).body.toString())
  expect(got.size).toBe(11)
}, 60_000)

test('enrolment attempts from one address are limited', async () => {
  await using registry = await TestRegistry.create({
    settings: { http: { port: 0, enrolmentsPerMinute: 3 } },
  })
  const statuses: number[] = []
  for (let i = 0; i < 4; i++)
    statuses.push((await registry.enrol(NodeKey.generate(), '10000001', 'a-token')).status)
  expect(statuses).toEqual([401, 401, 401, 429])
})

test('after a crash between the ledger and the signature the token is used up and the key can fetch its certificate', async () => {
  const broken = { on: false }
  await using registry = await TestRegistry.create()
  const signer = await registry.signer()
  await registry.stop()
  await registry.start({
    sign: (tbs) => (broken.on ? Promise.reject(new Error('power cut')) : signer.sign(tbs)),
  })
  const { token, key } = await registry.addClinic('10000001')
  broken.on = true
  expect((await registry.enrol(key, '10000001', token)).status).toBe(500)
  await registry.stop()

  await registry.start()
  expect(await registry.certificates()).toEqual([])
  expect((await registry.enrol(key, '10000001', token)).status).toBe(401)
  expect((await registry.enrol(NodeKey.generate(), '10000001', token)).status).toBe(401)
  expect((await registry.renew(key, '10000001')).status).toBe(200)
  expect(await registry.certificates()).toHaveLength(1)
})

test('the registry renews its own certificate after a third of its life', async () => {
  await using registry = await TestRegistry.create()
  const own = async () =>
    (await registry.call('GET', '/api/v1/certificates?role=keeper', { as: 'approver' })).json<object[]>()
  expect(await own()).toHaveLength(1)
  await registry.stop()
  expect(registry.clock).toBeInstanceOf(ManualClock)
  await registry.clock.advance(9 * 24 * hour)
  await registry.start()
  expect(await own()).toHaveLength(1)
  await registry.stop()
  await registry.clock.advance(2 * 24 * hour)
  await registry.start()
  expect(await own()).toHaveLength(2)
})
