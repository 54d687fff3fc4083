import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'
import type { Answer } from '../testing.ts'

const run = promisify(execFile)

test('a revocation needs two people; then the key is out, its renewals too, and a new key may enrol', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
  await registry.clock.advance(3_600_000)
  await registry.renew(key, '10000001')
  const [first, second] = await registry.certificates()
  const bundle = async () =>
    (await registry.call('GET', '/api/v1/bundle')).json<{
      version: number
      members: { peerId: string }[]
      revoked: { peerId: string; serial: string; reason: string }[]
    }>()
  const revoke = (as: 'administrator' | 'approver') =>
    registry.call('POST', `/api/v1/certificates/${first?.serial}/revocation`, {
      as,
      json: { reason: 'keyCompromise' },
    })

  const before = await bundle()
  expect((await revoke('approver')).status).toBe(202)
  const again = await revoke('approver')
  expect([again.status, again.json().code]).toEqual([409, 'SECOND_PERSON_REQUIRED'])
  expect((await registry.certificates()).map(({ status }) => status)).toEqual(['valid', 'valid'])
  expect(await bundle()).toEqual(before)

  expect((await revoke('administrator')).status).toBe(200)
  expect((await registry.certificates()).map(({ status }) => status)).toEqual(['revoked', 'revoked'])
  const after = await bundle()
  expect(after.version).toBe(before.version + 1)
  expect(after.members).toEqual([])
  expect(after.revoked).toMatchObject([
    { peerId: key.peerId, serial: first?.serial, reason: 'keyCompromise' },
    { peerId: key.peerId, serial: second?.serial, reason: 'keyCompromise' },
  ])
  expect((await revoke('administrator')).json().code).toBe('ALREADY_REVOKED')
  expect((await registry.renew(key, '10000001')).json().code).toBe('KEY_REVOKED')
  const { token, key: next } = await registry.addClinic('10000001')
  expect((await registry.enrol(key, '10000001', token)).status).toBe(401)
  expect((await registry.enrol(next, '10000001', token)).status).toBe(200)
})

test('openssl reads the revocation list and refuses the revoked certificate with it, the other not', async () => {
  await using registry = await TestRegistry.create()
  const { pem: bad } = await registry.member('10000001')
  const { pem: good } = await registry.member('10000002')
  const file = (name: string) => join(registry.dir, name)
  await registry.write('bad.pem', bad)
  await registry.write('good.pem', good)
  const [{ serial } = { serial: '' }] = await registry.certificates()
  // Asked for before: the list of the earlier version must not be served again.
  await registry.call('GET', '/crl')
  for (const as of ['administrator', 'approver'] as const)
    await registry.call('POST', `/api/v1/certificates/${serial}/revocation`, { as, json: { reason: 'gone' } })
  await registry.write('crl.pem', (await registry.call('GET', '/crl')).body.toString())

  const chain = (await registry.call('GET', '/.well-known/est/cacerts')).body.toString()
  await registry.write('chain.pem', chain)
  const shown = await run('openssl', [
    'crl',
    '-in',
    file('crl.pem'),
    '-CAfile',
    file('chain.pem'),
    '-noout',
    '-text',
  ])
  expect(shown.stderr).toContain('verify OK')
  expect(shown.stdout.toLowerCase()).toContain(serial.toLowerCase())
  const judge = (certificate: string) =>
    run('openssl', [
      'verify',
      '-crl_check',
      ...['-CAfile', file('chain.pem'), '-CRLfile', file('crl.pem'), file(certificate)],
    ])
  expect((await judge('good.pem')).stdout).toContain('OK')
  await expect(judge('bad.pem')).rejects.toThrow('certificate revoked')
})

test('a suspended clinic is out until two people resume it: in every list, for renewal, and for a new key', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const act = (what: string, as: 'administrator' | 'approver', json: object) =>
    registry.call('POST', `/api/v1/certificates/${serial}/${what}`, { as, json })
  const outcome = (answer: Answer) => [answer.status, answer.json<{ code?: string }>().code]
  const status = async () => (await registry.certificates()).map((one) => one.status)
  const directory = async () =>
    (await registry.call('GET', '/api/v1/directory'))
      .json<{ organisations: { state: string }[] }>()
      .organisations.map(({ state }) => state)
  const crl = async () => {
    await registry.write('crl.pem', (await registry.call('GET', '/crl')).body.toString())
    return (await run('openssl', ['crl', '-in', join(registry.dir, 'crl.pem'), '-noout', '-text'])).stdout
  }
  // Two people admitted another key before that: it must not be the way around.
  const { token, key: next } = await registry.addClinic('10000001')
  const before = [await status(), await directory()]
  expect(before).toEqual([['valid'], ['testing']])

  const reason = { reason: 'certificateHold' }
  const suspended = await act('suspension', 'administrator', { ...reason, emergency: true })
  expect(suspended.json()).toEqual({ serial, state: 'suspended' })
  expect([await status(), await directory()]).toEqual([['suspended'], ['suspended']])
  const bundle = async () =>
    (await registry.call('GET', '/api/v1/bundle')).json<{ revoked: { serial: string; state: string }[] }>()
  expect((await bundle()).revoked).toMatchObject([{ serial, state: 'suspended' }])
  expect(await crl()).toContain('Certificate Hold')
  expect(outcome(await registry.renew(key, '10000001'))).toEqual([403, 'KEY_SUSPENDED'])
  const way = await registry.enrol(next, '10000001', token)
  expect(outcome(way)).toEqual([403, 'KEY_SUSPENDED'])

  const reviews = async () =>
    (await registry.call('GET', '/api/v1/reviews', { as: 'approver' })).json<object[]>()
  expect(await reviews()).toMatchObject([
    { peerId: key.peerId, serial, ura: '10000001', state: 'suspended', by: 'administrator', ...reason },
  ])
  expect(outcome(await act('review', 'administrator', { upheld: true }))).toEqual([
    409,
    'SECOND_PERSON_REQUIRED',
  ])
  const reviewed = await act('review', 'approver', { upheld: true })
  expect(reviewed.json()).toEqual({ serial, state: 'suspended' })
  expect(await reviews()).toEqual([])

  const resume = (as: 'administrator' | 'approver') => act('resumption', as, { reason: 'resolved' })
  expect((await resume('administrator')).json()).toMatchObject({ serial, state: 'recorded' })
  expect((await resume('approver')).json()).toEqual({ serial, state: 'valid' })
  expect([await status(), await directory()]).toEqual(before)
  expect((await bundle()).revoked).toEqual([])
  expect(await crl()).not.toContain('Certificate Hold')
  expect((await registry.renew(key, '10000001')).status).toBe(200)
})

test('what an act would do can be asked for first', async () => {
  await using registry = await TestRegistry.create()
  await registry.member('10000001')
  const [{ serial } = { serial: '' }] = await registry.certificates()
  const effect = (of: string) => registry.call('GET', `/api/v1/certificates/${of}/effect`, { as: 'approver' })
  expect((await effect(serial)).json()).toEqual({
    ...{ certificates: 1, isWitness: false, witnessesLeft: 0, quorum: 2 },
    ...{ exchangingBefore: 0, exchangingAfter: 0 },
  })
  expect((await effect('00ff')).json()).toMatchObject({ code: 'NOT_FOUND' })
})
