import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NodeKey } from '@twiin/identity'
import { expect, test } from 'vitest'
import { TestRegistry } from '../testing.ts'

const run = promisify(execFile)

test('a revocation needs two people; then the key is out, its renewals too, and a new key may enrol', async () => {
  await using registry = await TestRegistry.create()
  const { key } = await registry.member('10000001')
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
  const token = await registry.addClinic('10000001')
  expect((await registry.enrol(key, '10000001', token)).json().code).toBe('KEY_REVOKED')
  expect((await registry.enrol(NodeKey.generate(), '10000001', token)).status).toBe(200)
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
