import type { Bundle, Member } from '@twiin/protocol'
import { expect, test } from 'vitest'
import { CutPeers } from './cut-peers.ts'
import { IndexMembership } from './index-membership.ts'
import type { NetworkBundle } from './network-bundle.ts'

const member = (n: number, change: Partial<Member> = {}): Member => ({
  ura: `0000000${n}`,
  name: `Clinic ${n}`,
  peerId: `peer ${n}`,
  addresses: [],
  declaredPatients: 60_000,
  mailboxes: [],
  category: 'clinic',
  level: 3,
  state: 'exchanging',
  ...change,
})
const first: Bundle = {
  v: 2,
  version: 1,
  issuedAt: 0,
  trustDomain: 'twiin.example',
  index: { epoch: 1, bits: 10, replicas: 7 },
  log: { origin: 'twiin.example/log', publicKey: new Uint8Array(32) },
  witnessing: { phase: 'founding', endsAt: 0, quorum: 2, witnesses: [] },
  members: [member(1), member(2)],
  revoked: [],
  tokens: { publicKey: new Uint8Array(32), threshold: 1, keepers: [] },
}

test('entries are placed anew when the members, the parameters or the revocations changed, and for nothing else', () => {
  let bundle = first
  let cut = new CutPeers([])
  const source = {
    get current() {
      return bundle
    },
    get cutPeers() {
      return cut
    },
  } as Pick<NetworkBundle, 'current' | 'cutPeers'>
  const membership = new IndexMembership({ bundle: source })
  const isNew = (change: Partial<Bundle>): boolean => {
    const before = membership.current()
    bundle = { ...bundle, ...change, version: bundle.version + 1, issuedAt: bundle.issuedAt + 1 }
    cut = new CutPeers(bundle.revoked)
    return membership.current() !== before
  }
  expect(isNew({})).toBe(false)
  expect(isNew({ members: [member(1, { addresses: ['/ip4/192.0.2.1/tcp/1'] }), member(2)] })).toBe(false)
  expect(isNew({ members: [member(1, { mailboxes: ['ct'], name: 'New' }), member(2)] })).toBe(false)
  expect(isNew({ members: [member(1, { declaredPatients: 1 }), member(2)] })).toBe(true)
  expect(isNew({ members: [member(1)] })).toBe(true)
  for (const change of [{ epoch: 2 }, { bits: 9 }, { replicas: 5 }])
    expect(isNew({ index: { ...bundle.index, ...change } })).toBe(true)
  const revoked = (peerId: string) => [
    { peerId, serial: 'ab', state: 'revoked' as const, at: 0, reason: 'x' },
  ]
  expect(isNew({ revoked: revoked('peer 1') })).toBe(true)
  expect(isNew({ revoked: [...revoked('peer 1'), ...revoked('somebody who left')] })).toBe(false)
  expect(isNew({})).toBe(false)
  expect(membership.current()).toMatchObject({
    epoch: 2,
    bits: 9,
    replicas: 5,
    members: [{ peerId: 'peer 1' }],
  })
})
