import { describe, expect, it } from 'vitest'
import { dialableAddresses } from './dial-addresses.ts'
import { TestHost } from './testing.ts'

const { peerId } = new TestHost({ seedName: 'one' }).host
const other = new TestHost({ seedName: 'other' }).host.peerId
const dialable = (address: string) => dialableAddresses([address], peerId).map(String)

describe('addresses to dial', () => {
  it.each([
    '/ip4/192.0.2.1/tcp/4001',
    '/ip6/2001:db8::1/tcp/4001',
    '/dns4/node.example.org/tcp/4001',
    '/ip4/10.0.0.1/tcp/1',
  ])('%s may be dialled, and only that peer may answer', (address) => {
    expect(dialable(address)).toEqual([`${address}/p2p/${peerId}`])
    expect(dialable(`${address}/p2p/${peerId}`)).toEqual([`${address}/p2p/${peerId}`])
    expect(dialable(`${address}/p2p/${other}`)).toEqual([])
  })

  it.each([
    '/ip4/169.254.169.254/tcp/80',
    '/ip6/fe80::1/tcp/4001',
    '/ip6/::ffff:169.254.169.254/tcp/80',
    '/ip6zone/eth0/ip6/fe80::1/tcp/4001',
    '/ip4/0.0.0.0/tcp/4001',
    '/ip4/239.1.2.3/tcp/4001',
    '/ip4/192.0.2.1/tcp/0',
    '/ip4/192.0.2.1/udp/4001',
    '/ip4/192.0.2.1/udp/4001/quic-v1',
    '/ip4/192.0.2.1/tcp/4001/ws',
    '/dnsaddr/example.org',
    '/unix/tmp%2Fsocket',
    `/ip4/192.0.2.1/tcp/4001/p2p/${other}/p2p-circuit`,
    'http://example.org',
    '',
  ])('%s may not', (address) => {
    expect(dialable(address)).toEqual([])
  })

  it('are at most eight', () => {
    const many = Array.from({ length: 50 }, (_, i) => `/ip4/192.0.2.${i}/tcp/4001`)
    expect(dialableAddresses(many, peerId)).toHaveLength(8)
  })
})
