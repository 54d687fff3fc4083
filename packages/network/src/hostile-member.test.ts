import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Connection } from '@libp2p/interface'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '@twiin/runtime'
import { systemLookUp } from './dial-addresses.ts'
import { createNode } from './libp2p-node.ts'
import { defaultLimits } from './limits.ts'
import { FakeAdmission, TestHost } from './testing.ts'

/** A member with a certificate and a program of its own. */
async function hostileMember(target: TestHost) {
  const node = await createNode(
    {
      ...{ listen: [], announce: [], dialling: { loopback: true } },
      limits: { ...defaultLimits, maxStreamsPerConnection: 10_000 },
    },
    {
      privateKey: await generateKeyPair('Ed25519'),
      admission: new FakeAdmission(),
      lookUp: systemLookUp,
      log: silentLogger,
      onRefusal: () => {},
    },
  )
  await node.start()
  const address = multiaddr(target.host.multiaddrs()[0])
  return {
    peerId: node.peerId,
    dial: (): Promise<Connection> => node.dial(address, { force: true }),
    [Symbol.asyncDispose]: async () => node.stop(),
  }
}

const kad = '/twiin/kad/1.0.0'
const types = { PUT_VALUE: 0, GET_VALUE: 1, ADD_PROVIDER: 2, GET_PROVIDERS: 3, FIND_NODE: 4, PING: 5 }
type Type = keyof typeof types

const field = (number: number, bytes: Uint8Array) =>
  Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes])
/** A kad message in protobuf, about any key; with `provider` as go-libp2p says it keeps the content of that key. */
function message(type: Type, provider?: Uint8Array): Uint8Array {
  const cid = Buffer.concat([Buffer.of(0x01, 0x55, 0x12, 0x20), randomBytes(32)])
  const address = multiaddr('/ip4/192.0.2.1/tcp/4001').bytes
  const peer = provider && field(9, Buffer.concat([field(1, provider), field(2, address)]))
  return Buffer.concat([Buffer.of(8, types[type]), field(2, cid), peer ?? Buffer.of()])
}

/** What the node answers to these on one stream, in bytes, or that it broke off. */
async function answersTo(connection: Connection, ...messages: Uint8Array[]): Promise<number | 'broken off'> {
  try {
    const frames = lpStream(await connection.newStream(kad))
    for (const sent of messages) await frames.write(sent)
    return (await frames.read({ signal: AbortSignal.timeout(3_000) })).byteLength
  } catch (error) {
    expect((error as Error).name).not.toBe('TimeoutError')
    return 'broken off'
  }
}

describe('the routing network', () => {
  it('tells where peers are, and keeps nothing for anybody', async () => {
    await using target = await TestHost.start()
    await using member = await hostileMember(target)
    const connection = await member.dial()
    for (const type of ['FIND_NODE', 'PING'] as const)
      expect(await answersTo(connection, message(type)), type).toBeTypeOf('number')
    const provider = member.peerId.toMultihash().bytes
    const stored = await answersTo(connection, message('ADD_PROVIDER', provider), message('PING'))
    expect(stored).toBe('broken off')
    for (const type of ['PUT_VALUE', 'GET_VALUE', 'GET_PROVIDERS'] as const)
      expect(await answersTo(connection, message(type)), type).toBe('broken off')
    expect(await answersTo(connection, message('PING'))).toBeTypeOf('number')
  })

  it('does not set memory aside for a request longer than any real one', async () => {
    await using target = await TestHost.start()
    await using member = await hostileMember(target)
    const connection = await member.dial()
    const stream = await connection.newStream(kad)
    const soon = { signal: AbortSignal.timeout(5_000) } // the library itself gives up after ten seconds
    const broken = once(stream as unknown as EventTarget, 'close', soon)
    // a length of 1 MiB, and a part of it
    stream.send(Buffer.concat([Buffer.of(0x80, 0x80, 0x40), Buffer.alloc(20_000)]))
    const [event] = (await broken) as [{ error?: Error }]
    expect(event.error?.name).toBe('StreamResetError')
  })

  it('answers one peer so many requests a second, over however many connections, and others all the same', async () => {
    await using target = await TestHost.start({ limits: { routingRequestsPerSecond: 2 } })
    await using greedy = await hostileMember(target)
    await using other = await hostileMember(target)
    const connections = [await greedy.dial(), await greedy.dial()]
    let answered = 0
    for (let i = 0; i < 60; i++) {
      const connection = connections[i % 2] ?? (await greedy.dial())
      if ((await answersTo(connection, message('PING'))) !== 'broken off') answered++
    }
    expect(answered).toBeGreaterThan(10)
    expect(answered).toBeLessThan(40)
    expect(await answersTo(await other.dial(), message('PING'))).toBeTypeOf('number')
  })
})

describe('connections', () => {
  it('of one peer have an end: its newest takes the place of its oldest', async () => {
    await using target = await TestHost.start({ limits: { maxConnectionsPerPeer: 3 } })
    await using member = await hostileMember(target)
    const opened: Connection[] = []
    for (let i = 0; i < 3; i++) opened.push(await member.dial())
    for (let i = 0; i < 5; i++) {
      const oldest = once(opened[i] as unknown as EventTarget, 'close')
      opened.push(await member.dial())
      await oldest
    }
    expect(opened.map(({ status }) => status).slice(-3)).toEqual(['open', 'open', 'open'])
    expect(target.host.connectionCount(member.peerId.toString())).toBe(3)
    expect(await answersTo(opened.at(-1) as Connection, message('PING'))).toBeTypeOf('number')
  })

  it('leave room for members that have none, however many others open', async () => {
    const limits = { maxConnections: 10, maxConnectionsPerPeer: 6, reservedConnections: 4 }
    await using target = await TestHost.start({ limits })
    await using first = await hostileMember(target)
    await using second = await hostileMember(target)
    for (let i = 0; i < 12; i++) await Promise.all([first.dial(), second.dial()])
    await using honest = await TestHost.start()
    target.host.answer('/twiin/test-echo/1.0.0', echoLimits, async (request) => request)
    await expect
      .poll(() =>
        [first, second].reduce((n, { peerId }) => n + target.host.connectionCount(peerId.toString()), 0),
      )
      .toBeLessThanOrEqual(7)
    const asked = honest.knows(target).host.ask(target.host.peerId, '/twiin/test-echo/1.0.0', Buffer.of(1), {
      maxAnswerBytes: 10,
      timeoutMs: 5_000,
    })
    expect([...(await asked)]).toEqual([1])
  })
})

const echoLimits = { maxRequestBytes: 10, maxAnswerBytes: 10, timeoutMs: 2_000 }
