import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isTwiinError } from '@twiin/runtime'
import { FakeAdmission, TestHost, startHosts } from './testing.ts'

const echo = '/twiin/test-echo/1.0.0'
const limits = { maxRequestBytes: 1000, maxAnswerBytes: 1000, timeoutMs: 2000 }
const asking = { maxAnswerBytes: 1000, timeoutMs: 5000 }
const bytes = (text: string) => new TextEncoder().encode(text)

async function codeOfRejection(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return isTwiinError(error) ? error.code : String(error)
  }
  return 'no error'
}

async function pair() {
  const hosts = await startHosts(2)
  const [a, b] = hosts
  if (a === undefined || b === undefined) throw new Error('two hosts expected')
  return { a, b, [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose]() }
}

describe('ask and answer', () => {
  it('carry one request and one answer, many at once, empty ones too', async () => {
    await using net = await pair()
    net.b.host.answer(echo, { ...limits, maxConcurrentPerPeer: 100 }, async (request) => request)
    const questions = ['', 'x', 'y'.repeat(1000), ...Array.from({ length: 50 }, (_, i) => `q${i}`)]
    const answers = await Promise.all(
      questions.map((text) => net.a.host.ask(net.b.host.peerId, echo, bytes(text), asking)),
    )
    expect(answers.map((answer) => new TextDecoder().decode(answer))).toEqual(questions)
    expect(net.a.host.connectedPeers()).toEqual([net.b.host.peerId])
  })

  it('take a connection of their own when asked to, although there is one already', async () => {
    await using net = await pair()
    net.a.host.answer(echo, limits, async (request) => request)
    net.b.host.answer(echo, limits, async (request) => request)
    await net.b.host.ask(net.a.host.peerId, echo, bytes('x'), asking)
    const { peerId } = net.b.host
    await net.a.host.ask(peerId, echo, bytes('x'), asking)
    expect(net.a.host.connectionCount(peerId)).toBe(1)
    await net.a.host.ask(peerId, echo, bytes('x'), { ...asking, lane: 1 })
    expect(net.a.host.connectionCount(peerId)).toBe(2)
  })

  it('refuse a request and an answer above the agreed size', async () => {
    await using net = await pair()
    let handled = 0
    net.b.host.answer(echo, limits, async () => {
      handled++
      return new Uint8Array(1000)
    })
    const { peerId } = net.b.host
    expect(await codeOfRejection(net.a.host.ask(peerId, echo, new Uint8Array(1001), asking))).toBe(
      'PEER_REFUSED',
    )
    expect(handled).toBe(0)
    const small = net.a.host.ask(peerId, echo, bytes('x'), { ...asking, maxAnswerBytes: 999 })
    expect(await codeOfRejection(small)).toBe('FRAME_TOO_LARGE')
    expect(handled).toBe(1)
  })

  it('tell the peer nothing of an error in the handler, and go on', async () => {
    await using net = await pair()
    net.b.host.answer(echo, limits, async (request) => {
      if (request.byteLength === 0) throw new Error('secret detail')
      return request
    })
    const { peerId } = net.b.host
    const error: unknown = await net.a.host
      .ask(peerId, echo, bytes(''), asking)
      .catch((thrown: unknown) => thrown)
    expect(isTwiinError(error, 'PEER_REFUSED')).toBe(true)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret')
    expect(await net.a.host.ask(peerId, echo, bytes('still here'), asking)).toHaveLength(10)
  })

  it('end in time: a slow handler is a PEER_TIMEOUT, and its signal is aborted', async () => {
    await using net = await pair()
    const aborted = Promise.withResolvers<void>()
    net.b.host.answer(echo, limits, (_request, _peer, signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    })
    const asked = net.a.host.ask(net.b.host.peerId, echo, bytes('x'), { ...asking, timeoutMs: 300 })
    expect(await codeOfRejection(asked)).toBe('PEER_TIMEOUT')
    await aborted.promise
  })

  it('bound what one peer may ask at once', async () => {
    await using net = await pair()
    const release = Promise.withResolvers<void>()
    net.b.host.answer(echo, { ...limits, maxConcurrentPerPeer: 2 }, async (request) => {
      await release.promise
      return request
    })
    const asked = Array.from({ length: 20 }, () =>
      codeOfRejection(net.a.host.ask(net.b.host.peerId, echo, bytes('x'), asking)),
    )
    let refused = 0
    for (const ask of asked) void ask.then((code) => (refused += code === 'PEER_REFUSED' ? 1 : 0))
    await expect.poll(() => refused).toBe(18)
    release.resolve()
    expect((await Promise.all(asked)).filter((code) => code === 'no error')).toHaveLength(2)
  })

  it('refuse a protocol the peer does not speak', async () => {
    await using net = await pair()
    const asked = net.a.host.ask(net.b.host.peerId, '/twiin/unknown/1.0.0', bytes('x'), asking)
    expect(await codeOfRejection(asked)).toBe('PEER_REFUSED')
  })

  it('find a dead peer unreachable at once, connected before or not', async () => {
    await using a = await TestHost.start()
    const b = await TestHost.start()
    a.knows(b)
    b.host.answer(echo, limits, async (request) => request)
    await a.host.ask(b.host.peerId, echo, bytes('x'), asking)
    await b.host.stop()
    const startedAt = performance.now()
    expect(await codeOfRejection(a.host.ask(b.host.peerId, echo, bytes('x'), asking))).toBe(
      'PEER_UNREACHABLE',
    )
    const nobody = new TestHost().host.peerId
    expect(await codeOfRejection(a.host.ask(nobody, echo, bytes('x'), asking))).toBe('PEER_UNREACHABLE')
    expect(performance.now() - startedAt).toBeLessThan(2500)
  })
})

describe('a peer that falls silent', () => {
  it('is unreachable within the negotiation timeout, and its connection is given up', async () => {
    const limits3 = { negotiationTimeoutMs: 400, dialTimeoutMs: 400, lookupTimeoutMs: 100 }
    await using a = await TestHost.start({ limits: limits3 })
    await using b = await TestHost.start()
    b.host.answer(echo, limits, async (request) => request)
    await using line = await startLine(Number(/tcp\/(\d+)/.exec(b.host.multiaddrs()[0] ?? '')?.[1]))
    a.directory.entries.set(b.host.peerId, [`/ip4/127.0.0.1/tcp/${line.port}`])
    await a.host.ask(b.host.peerId, echo, bytes('x'), asking)
    line.cut()
    const startedAt = performance.now()
    expect(await codeOfRejection(a.host.ask(b.host.peerId, echo, bytes('x'), asking))).toBe(
      'PEER_UNREACHABLE',
    )
    expect(performance.now() - startedAt).toBeLessThan(2500)
    expect(a.host.connectedPeers()).toEqual([])
    expect(await codeOfRejection(a.host.ask(b.host.peerId, echo, bytes('x'), asking))).toBe(
      'PEER_UNREACHABLE',
    )
  })
})

/** A line to a port that can be cut the way a machine loses power: nothing arrives any more, and nobody says so. */
async function startLine(target: number) {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => sockets.add(socket.on('error', () => {}))
  let dead = false
  const server = createServer((near) => {
    keep(near)
    if (dead) return
    const far = connect(target, '127.0.0.1')
    keep(far)
    near.on('data', (data) => dead || far.write(data))
    far.on('data', (data) => dead || near.write(data))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => void (dead = true),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('addresses', () => {
  it('come from the routing network when the directory is stale', async () => {
    await using a = await TestHost.start()
    await using b = await TestHost.start()
    await using c = await TestHost.start()
    a.knows(b)
    c.knows(b)
    c.host.answer(echo, limits, async (request) => request)
    a.directory.entries.set(c.host.peerId, ['/ip4/127.0.0.1/tcp/9'])
    await Promise.all([a.host.connect(b.host.peerId), c.host.connect(b.host.peerId)])
    await expect
      .poll(() => a.host.findAddresses(c.host.peerId, AbortSignal.timeout(2000)), { timeout: 10_000 })
      .toEqual([c.host.multiaddrs()[0]?.replace(/\/p2p\/.*/, '')])
    expect(await a.host.ask(c.host.peerId, echo, bytes('found'), asking)).toHaveLength(5)
  })

  it('come from the routing network when the peer moved and our own memory is stale too', async () => {
    await using a = await TestHost.start()
    await using b = await TestHost.start()
    const before = await TestHost.start({ seedName: 'mover' })
    a.knows(b, before)
    before.host.answer(echo, limits, async (request) => request)
    await a.host.ask(before.host.peerId, echo, bytes('x'), asking)
    await a.host.connect(b.host.peerId)
    await before.host.stop()
    await using after = await TestHost.start({ seedName: 'mover' })
    after.knows(b)
    after.host.answer(echo, limits, async (request) => request)
    await after.host.connect(b.host.peerId)
    await expect
      .poll(() => codeOfRejection(a.host.ask(after.host.peerId, echo, bytes('x'), asking)), {
        timeout: 10_000,
      })
      .toBe('no error')
  })

  it('must be the peer that was meant', async () => {
    await using a = await TestHost.start()
    await using b = await TestHost.start()
    const other = new TestHost().host.peerId
    a.directory.entries.set(
      other,
      b.host.multiaddrs().map((address) => address.replace(/\/p2p\/.*/, '')),
    )
    expect(await codeOfRejection(a.host.ask(other, echo, bytes('x'), asking))).toBe('PEER_UNREACHABLE')
    expect(b.host.connectedPeers()).toEqual([])
  })
})

describe('revocation', () => {
  it('is asked at every request, also on a connection that stands', async () => {
    await using net = await pair()
    let handled = 0
    net.b.host.answer(echo, limits, async (request) => {
      handled++
      return request
    })
    await net.a.host.ask(net.b.host.peerId, echo, bytes('x'), asking)
    net.b.admission.revoked.add(net.a.host.peerId)
    const refused = await codeOfRejection(net.a.host.ask(net.b.host.peerId, echo, bytes('x'), asking))
    expect(['PEER_REFUSED', 'PEER_UNREACHABLE']).toContain(refused)
    expect(handled).toBe(1)
    net.a.admission.revoked.add(net.b.host.peerId)
    expect(await codeOfRejection(net.a.host.ask(net.b.host.peerId, echo, bytes('x'), asking))).toBe(
      'PEER_NOT_ADMITTED',
    )
  })

  it('tells the refused side that it was refused', async () => {
    await using a = await TestHost.start()
    await using b = await TestHost.start({ admission: new FakeAdmission({ allowed: [] }) })
    a.knows(b)
    b.knows(a)
    b.host.answer(echo, limits, async (request) => request)
    a.host.answer(echo, limits, async (request) => request)
    expect(await codeOfRejection(a.host.ask(b.host.peerId, echo, bytes('x'), asking))).toBe('PEER_REFUSED')
    expect(await codeOfRejection(b.host.ask(a.host.peerId, echo, bytes('x'), asking))).toBe(
      'PEER_NOT_ADMITTED',
    )
  })
})
