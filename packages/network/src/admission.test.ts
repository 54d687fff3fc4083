import { connect } from 'node:net'
import { once } from 'node:events'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { createLibp2p } from 'libp2p'
import { describe, expect, it } from 'vitest'
import { CERTIFIED_NOISE, certifiedNoise } from './certified-noise.ts'
import { silentLogger } from '@twiin/runtime'
import { FakeAdmission, TestHost } from './testing.ts'

type Encrypter = NonNullable<Libp2pOptions['connectionEncrypters']>[number]

/** A stranger's libp2p node that counts what it gets to see. */
async function stranger(connectionEncrypters: Encrypter[]) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    streamMuxers: [yamux()],
    connectionEncrypters,
    services: { identify: identify({ protocolPrefix: 'twiin' }) },
  })
  const seen: string[] = []
  node.addEventListener('connection:open', () => seen.push('connection:open'))
  node.addEventListener('peer:identify', () => seen.push('identify'))
  return { node, seen, [Symbol.asyncDispose]: async () => node.stop() }
}

/** Speaks our exchange with whatever credential, and admits everyone. */
const impostor =
  (credential: string): Encrypter =>
  (components) =>
    certifiedNoise({
      admission: {
        credential: () => new TextEncoder().encode(credential),
        verify: async () => {},
        stillAdmitted: () => true,
      },
      log: silentLogger,
      onRefusal: () => {},
    })(components)

/** Plain noise under the name of our encrypter: skips the credentials. */
const mute: Encrypter = (components): ConnectionEncrypter => {
  const inner = noise()(components)
  return {
    protocol: CERTIFIED_NOISE,
    secureInbound: (connection, options) => inner.secureInbound(connection, options),
    secureOutbound: (connection, options) => inner.secureOutbound(connection, options),
  }
}

const limits = { upgradeTimeoutMs: 600, dialTimeoutMs: 600, lookupTimeoutMs: 100 }

describe('a peer that is not admitted', () => {
  const strangers: [string, Encrypter][] = [
    ['that speaks plain noise only', noise()],
    ['that skips the credential exchange', mute],
    ['with a credential of its own making', impostor('self-made')],
    ['with a credential that is empty', impostor('')],
  ]
  it.each(strangers)('%s gets no connection when it dials, and no identify', async (_name, encrypter) => {
    await using host = await TestHost.start({ limits })
    await using other = await stranger([encrypter])
    const [address = ''] = host.host.multiaddrs()
    const dialled = await other.node
      .dial(multiaddr(address), { signal: AbortSignal.timeout(2000) })
      .then(
        (connection) => connection.newStream('/twiin/id/1.0.0', { signal: AbortSignal.timeout(1000) }),
        (error: unknown) => error,
      )
      .catch((error: unknown) => error)
    expect(dialled).toBeInstanceOf(Error)
    expect(other.seen).not.toContain('identify')
    expect(host.host.connectedPeers()).toEqual([])
  })

  it.each(strangers)('%s gets no connection when it is dialled', async (_name, encrypter) => {
    await using host = await TestHost.start({ limits })
    await using other = await stranger([encrypter])
    const peerId = other.node.peerId.toString()
    host.directory.entries.set(peerId, other.node.getMultiaddrs().map(String))
    await expect(host.host.connect(peerId)).rejects.toThrow(/PEER_(NOT_ADMITTED|UNREACHABLE)/)
    expect(other.seen).not.toContain('identify')
    expect(host.host.connectedPeers()).toEqual([])
  })

  it('gets nothing when its credential is good but not on the list', async () => {
    const admission = new FakeAdmission({ allowed: [] })
    await using host = await TestHost.start({ admission, limits })
    await using other = await stranger([impostor('test credential')])
    const [address = ''] = host.host.multiaddrs()
    await expect(other.node.dial(multiaddr(address))).rejects.toThrow('PEER_REFUSED')
    expect(other.seen).toEqual([])
  })

  it('is cut when it was revoked between the verdict and the connection', async () => {
    const admission = new FakeAdmission()
    admission.verify = async (_credential, peerId) => void admission.revoked.add(peerId)
    await using host = await TestHost.start({ admission, limits })
    await using other = await stranger([impostor('test credential')])
    const [address = ''] = host.host.multiaddrs()
    const connection = await other.node.dial(multiaddr(address)).catch(() => undefined)
    await expect.poll(() => connection?.status).not.toBe('open')
    expect(host.host.connectedPeers()).toEqual([])
    expect(other.seen).not.toContain('identify')
  })

  it('does not hold up a verdict that never comes beyond the upgrade timeout', async () => {
    const admission = new FakeAdmission()
    admission.verify = () => new Promise(() => {})
    await using host = await TestHost.start({ admission, limits })
    await using other = await stranger([impostor('test credential')])
    const [address = ''] = host.host.multiaddrs()
    const startedAt = performance.now()
    await expect(other.node.dial(multiaddr(address))).rejects.toThrow()
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})

describe('a client that says nothing', () => {
  it('is closed within the upgrade timeout, and a hundred of them keep nobody out', async () => {
    await using host = await TestHost.start({ limits: { ...limits, upgradeTimeoutMs: 1500 } })
    const port = Number(/tcp\/(\d+)/.exec(host.host.multiaddrs()[0] ?? '')?.[1])
    const startedAt = performance.now()
    const silent = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(silent.map((socket) => once(socket, 'connect')))
    const closed = silent.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await using member = await TestHost.start({ limits })
    member.knows(host)
    await member.host.connect(host.host.peerId)
    expect(silent.filter((socket) => socket.destroyed)).toHaveLength(0)
    await Promise.all(closed)
    expect(performance.now() - startedAt).toBeLessThan(3800)
  })
})
