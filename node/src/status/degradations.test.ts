import type { Member } from '@twiin/protocol'
import { expect, it } from 'vitest'
import { degradations } from './degradations.ts'

const [hour, day] = [3_600_000, 86_400_000]
const now = 1000 * day
const healthy = {
  clock: { now: () => now },
  enrolment: {
    certificate: { notBefore: now - 5 * day, notAfter: now + 25 * day, peerId: 'own', serial: 'aa' },
    hasExpired: false,
    failing: undefined,
    isConvincing: true,
  },
  bundle: {
    version: 3,
    restrictedSince: undefined,
    current: { issuedAt: now - hour },
    cutOf: (): 'revoked' | 'suspended' | undefined => undefined,
    member: (): Member | undefined => undefined,
  },
  watch: { state: { reachable: true } },
  logView: { distrust: undefined },
  witness: { alarm: undefined },
  anchoring: { alarm: undefined },
}
const certificate = (notBefore: number, notAfter: number) => ({
  enrolment: {
    ...healthy.enrolment,
    certificate: {
      ...healthy.enrolment.certificate,
      notBefore: now + notBefore * day,
      notAfter: now + notAfter * day,
    },
    hasExpired: notAfter < 0,
  },
})
const bundleOf = (age: number) => ({ bundle: { ...healthy.bundle, current: { issuedAt: now - age } } })
const distrust = { since: now - 7, first: '', second: '', from: '' }

it('of a healthy node are none', () => {
  expect(degradations(healthy)).toEqual([])
  expect(degradations({ ...healthy, watch: { state: { reachable: false } } })).toEqual([])
  const justNow = { ...healthy.bundle, restrictedSince: now - 5000 }
  expect(degradations({ ...healthy, bundle: justNow })).toEqual([])
  for (const unanswered of [undefined, { since: now - hour, lastAt: now - hour + 59_000 }])
    expect(degradations({ ...healthy, mitz: { unanswered } })).toEqual([])
})

it.each<[string, Partial<Parameters<typeof degradations>[0]>, object]>([
  ['NODE_REVOKED', { bundle: { ...healthy.bundle, cutOf: () => 'revoked' } }, { decision: 'hard' }],
  ['NODE_SUSPENDED', { bundle: { ...healthy.bundle, cutOf: () => 'suspended' } }, { decision: 'hard' }],
  [
    'MEMBER_TESTING',
    { bundle: { ...healthy.bundle, member: () => ({ state: 'testing' }) as Member } },
    { decision: 'soft' },
  ],
  [
    'AUDIT_ROLLED_BACK',
    { anchoring: { alarm: { code: 'AUDIT_ROLLED_BACK', since: now - 9 } } },
    { since: now - 9, decision: 'soft' },
  ],
  [
    'AUDIT_NOT_ANCHORED',
    { anchoring: { alarm: undefined, unanchored: { code: 'AUDIT_NOT_ANCHORED', since: now - day } } },
    { since: now - day, decision: 'soft' },
  ],
  [
    'CONSENT_SOURCE_AWAY',
    { mitz: { unanswered: { since: now - hour, lastAt: now - hour + 60_000 } } },
    { since: now - hour, decision: 'soft' },
  ],
  ['BUNDLE_STALE', bundleOf(5 * hour), { since: now - hour, until: now + 19 * hour, decision: 'soft' }],
  ['NO_NEWCOMERS', bundleOf(2 * day), { since: now - day, until: now + 12 * day, decision: 'soft' }],
  ['BUNDLE_EXPIRED', bundleOf(15 * day), { since: now - day, decision: 'hard' }],
  [
    'BUNDLE_UNCOSIGNED',
    { bundle: { ...healthy.bundle, restrictedSince: now - 60_000 } },
    { since: now - 60_000, decision: 'soft' },
  ],
  ['LOG_EQUIVOCATION', { logView: { distrust } }, { since: now - 7, decision: 'soft' }],
  ['LOG_SHRANK', { witness: { alarm: { code: 'LOG_SHRANK', since: 5 } } }, { since: 5, decision: 'soft' }],
  ['CERTIFICATE_ENDING', certificate(-21, 9), { since: now - day, until: now + 9 * day, decision: 'soft' }],
  ['CERTIFICATE_EXPIRED', certificate(-31, -1), { since: now - day, decision: 'hard' }],
  [
    'RENEWAL_FAILING',
    { enrolment: { ...healthy.enrolment, failing: { code: 'X', since: 9 } } },
    { since: 9, until: now + 25 * day, decision: 'soft', reason: 'X' },
  ],
  ['EVIDENCE_MISSING', { enrolment: { ...healthy.enrolment, isConvincing: false } }, { decision: 'soft' }],
  [
    'REGISTRY_AWAY',
    { watch: { state: { reachable: false, silentSince: now - 60_000 } } },
    { since: now - 60_000, decision: 'soft' },
  ],
  [
    'BUNDLE_REFUSED',
    { watch: { state: { reachable: true, refusedSince: 8 } } },
    { since: 8, decision: 'soft' },
  ],
])('%s is told with the moment it began, and the one at which it gets worse', (code, change, told) => {
  expect(degradations({ ...healthy, ...change })).toEqual([{ code, ...told }])
})

it('all stand beside each other', () => {
  const all = { ...healthy, ...bundleOf(15 * day), ...certificate(-31, -1), logView: { distrust } }
  expect(degradations(all).map(({ code }) => code)).toEqual([
    'BUNDLE_EXPIRED',
    'LOG_EQUIVOCATION',
    'CERTIFICATE_EXPIRED',
  ])
})

it('of shares are a door that is shut and messages that nobody takes; without shares none', () => {
  const fine = { closed: undefined, away: undefined, failed: 0 }
  const parts = { book: { counts: () => new Map() }, certificate: '' }
  const away = (reason: string) => ({ ...fine, away: { since: now - hour, reason } })
  const door = { closed: { since: now - day, reason: 'EADDRINUSE' } }
  expect(degradations({ ...healthy, shares: { ...parts, door: fine, mail: fine, sms: fine } })).toEqual([])
  expect(
    degradations({ ...healthy, shares: { ...parts, door, mail: away('tls'), sms: away('auth') } }),
  ).toEqual([
    { code: 'SHARE_DOOR_CLOSED', since: now - day, reason: 'EADDRINUSE', decision: 'soft' },
    { code: 'SHARE_MAIL_AWAY', since: now - hour, reason: 'tls', decision: 'soft' },
    { code: 'SHARE_SMS_AWAY', since: now - hour, reason: 'auth', decision: 'soft' },
  ])
})
