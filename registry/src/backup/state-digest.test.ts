import { expect, test } from 'vitest'
import type { Act } from '../ledger/acts.ts'
import { Register } from '../ledger/register.ts'
import { stateDigest, stateVersion } from './state-digest.ts'

const peerId = `12D3KooW${'A'.repeat(44)}`
const other = `12D3KooW${'B'.repeat(44)}`
const digest = 'ab'.repeat(32)
const life = { notBefore: 0, notAfter: 90 }
const application = {
  ...{
    organisation: 'Clinic (fictief)',
    ura: '10000001',
    agb: '12345678',
    kvk: '87654321',
    level: 3 as const,
  },
  ...{
    category: 'clinic' as const,
    declaredPatients: 10,
    mailboxes: ['radiology'],
    phone: '+31 20 000 00 00',
  },
}
const member = { ura: '10000001', role: 'member' as const, ...life }
const ending = { reason: 'keyCompromise', serials: ['0a'] }

/** One of every act, and what each leaves open. */
const acts: Act[] = [
  { act: 'founded', trustDomain: 'twiin.example', logKey: digest, foundingEndsAt: 5 },
  { act: 'person-admitted', id: 'anna', role: 'administrator', by: 'console' },
  { act: 'person-admitted', id: 'bert', role: 'auditor', by: 'console' },
  { act: 'person-dismissed', id: 'bert', by: 'console' },
  { act: 'approved', id: 'a', by: 'anna', digest, application: { ...application, peerId } },
  {
    ...{ act: 'approved', id: 'a', by: 'bert', digest, application: { ...application, peerId } },
    enrolment: { digest, expiresAt: 50 },
  },
  { act: 'approved', id: 'b', by: 'anna', digest, application },
  { act: 'rejected', id: 'b', by: 'anna', reason: 'unknown' },
  { act: 'certifying', peerId, token: digest, ...member },
  { act: 'issued', serial: '0a', peerId, name: 'Clinic', certificate: 'AA', ...member },
  { act: 'certifying', peerId: other, ...member },
  { act: 'issued', serial: '0b', peerId: other, name: 'Clinic', certificate: 'AA', ...member },
  { act: 'announced', peerId, issuedAt: 3, addresses: ['/ip4/192.0.2.1/tcp/1'], mailboxes: ['radiology'] },
  {
    ...{ act: 'self-tested', run: 'a'.repeat(32), peerId, reference: other, version: '1.0.0', by: 'anna' },
    ...{ passed: true, steps: [{ name: 'reach', result: 'passed', ms: 1 }] },
  },
  {
    ...{ act: 'self-tested', run: 'b'.repeat(32), peerId, reference: other, version: '1.0.0', by: 'anna' },
    passed: false,
    steps: [{ name: 'find', result: 'failed', ms: 1, reason: 'REFERENCE_UNREACHABLE' }],
  },
  {
    act: 'requested',
    id: 'r',
    by: 'anna',
    request: { kind: 'revocation', peerId, serial: '0a', ...{ reason: 'superseded' } },
  },
  {
    act: 'requested',
    id: 's',
    by: 'anna',
    request: { kind: 'quota', ura: '10000001', tokensPerDay: 3, reason: 'moreWork' },
  },
  {
    act: 'requested',
    id: 't',
    by: 'anna',
    request: { kind: 'quota', ura: '10000002', tokensPerDay: 3, reason: 'moreWork' },
  },
  { act: 'request-withdrawn', id: 't', by: 'anna' },
  { act: 'quota-set', ura: '10000003', tokensPerDay: 5, by: ['anna', 'carl'], reason: 'moreWork' },
  { act: 'suspended', peerId: other, by: ['anna'], ...ending, serials: ['0b'] },
  { act: 'resumed', peerId: other, by: ['anna', 'carl'], reason: 'resolved' },
  { act: 'revoked', peerId: other, by: ['anna'], ...ending, serials: ['0b'] },
  { act: 'reviewed', peerId: other, by: 'carl', upheld: true },
  { act: 'witnesses', peers: [peerId] },
  { act: 'published', version: 1, digest },
  { act: 'witnesses', peers: [peerId, other] },
  { act: 'published', version: 2, digest },
  { act: 'founding-ended', quorum: 1 },
]

/** Change both numbers together: the digest of what `Register` has become, and a version that no backup has yet. */
const golden = { version: 1, digest: 'e09399ea57dc13fa3767e71b2017f1e365f2b391b2d2f9553d21f2238edeec62' }

test('who changes the register raises the version of its digest, or earlier backups would be called broken', () => {
  const register = new Register()
  for (const [index, act] of acts.entries()) register.apply({ ...act, at: index }, index)
  expect({ version: stateVersion, digest: stateDigest(register) }).toEqual(golden)
})
