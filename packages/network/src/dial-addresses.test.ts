import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { dialableAddresses, mayDial, nameResolver } from './dial-addresses.ts'
import { TestHost } from './testing.ts'

const { peerId } = new TestHost({ seedName: 'one' }).host
const other = new TestHost({ seedName: 'other' }).host.peerId
const inEarnest = { loopback: false }
const dialable = (address: string, policy = inEarnest) =>
  dialableAddresses([address], peerId, policy).map(String)

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
    '/ip4/127.0.0.1/tcp/8443',
    '/ip4/127.9.9.9/tcp/8443',
    '/ip6/::1/tcp/8443',
    '/ip6/::ffff:127.0.0.1/tcp/8443',
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
    expect(dialableAddresses(many, peerId, inEarnest)).toHaveLength(8)
  })

  it.each(['/ip4/127.0.0.1/tcp/4001', '/ip6/::1/tcp/4001'])(
    '%s may where the operator says so',
    (address) => {
      expect(dialable(address, { loopback: true })).toEqual([`${address}/p2p/${peerId}`])
    },
  )
})

describe('a name', () => {
  const meaning = (name: string, ...addresses: string[]) => {
    const resolver = nameResolver({ lookUp: async () => addresses })
    return resolver.resolve(multiaddr(name))
  }

  it('stands for all its addresses, with port and peer, and itself is never dialled', async () => {
    const name = `/dns/node.example.org/tcp/4001/p2p/${peerId}`
    const found = await meaning(name, '192.0.2.1', '2001:db8::1')
    expect(found.map(String)).toEqual([
      `/ip4/192.0.2.1/tcp/4001/p2p/${peerId}`,
      `/ip6/2001:db8::1/tcp/4001/p2p/${peerId}`,
    ])
    expect(found.every((address) => mayDial(address, inEarnest))).toBe(true)
    expect(mayDial(multiaddr(name), { loopback: true })).toBe(false)
  })

  it.each([
    '169.254.169.254',
    '127.0.0.1',
    '0.0.0.0',
    '::1',
    'fe80::1',
    '::ffff:169.254.169.254',
    '224.0.0.1',
  ])('that means %s is judged by that', async (ip) => {
    const found = await meaning('/dns4/node.example.org/tcp/80', ip)
    expect(found.map((address) => mayDial(address, inEarnest))).toEqual([false])
  })

  it('that means many addresses counts for four, and one that means none for nothing', async () => {
    const many = Array.from({ length: 50 }, (_, i) => `192.0.2.${i}`)
    expect(await meaning('/dns4/node.example.org/tcp/80', ...many)).toHaveLength(4)
    const failing = nameResolver({ lookUp: () => Promise.reject(new Error('ENOTFOUND')) })
    expect(await failing.resolve(multiaddr('/dns4/node.example.org/tcp/80'))).toEqual([])
  })
})

describe('a host that dials a name', () => {
  const ask = (from: TestHost, to: string) =>
    from.host.ask(to, '/twiin/test/1.0.0', Buffer.from('?'), { maxAnswerBytes: 8, timeoutMs: 10_000 })

  it('dials what the name meant when it was judged, and asks no second time', async () => {
    await using answering = await TestHost.start()
    answering.host.answer(
      '/twiin/test/1.0.0',
      { maxRequestBytes: 8, maxAnswerBytes: 8, timeoutMs: 5_000 },
      async () => Buffer.from('!'),
    )
    const port = answering.host.multiaddrs()[0]?.match(/tcp\/(\d+)/)?.[1]
    const asked: string[] = []
    await using asking = await TestHost.start({
      lookUp: async (name) => {
        asked.push(name)
        return ['127.0.0.1']
      },
    })
    asking.directory.entries.set(answering.host.peerId, [`/dns4/node.invalid/tcp/${port}`])
    expect(Buffer.from(await ask(asking, answering.host.peerId)).toString()).toBe('!')
    expect(asked).toEqual(['node.invalid'])
  })

  it('knocks at no door of its own machine that a name leads to', async () => {
    let knocks = 0
    const door = createServer((socket) => {
      knocks++
      socket.destroy()
    })
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
    const { port } = door.address() as AddressInfo
    await using asking = await TestHost.start({ dialLoopback: false, lookUp: async () => ['127.0.0.1'] })
    for (const address of [`/dns4/localhost/tcp/${port}`, `/ip4/127.0.0.1/tcp/${port}`]) {
      asking.directory.entries.set(other, [address])
      await expect(ask(asking, other)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    }
    expect(knocks).toBe(0)
    await new Promise((resolve) => door.close(resolve))
  })
})
