import { createHash, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Libp2pOptions } from 'libp2p'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@chainsafe/libp2p-yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { isTwiinError, silentLogger } from '@twiin/runtime'
import { certifiedNoise } from './certified-noise.ts'
import type { Channel } from './channel.ts'
import { StreamChannel } from './channel.ts'
import { FakeAdmission, startHosts } from './testing.ts'
import type { TestHostOptions } from './testing.ts'

const bulk = '/twiin/test-bulk/1.0.0'
const MiB = 1024 * 1024
const framed = { maxFrameBytes: 4 * MiB }

async function pair(options?: TestHostOptions) {
  const hosts = await startHosts(2, options)
  const [a, b] = hosts
  if (a === undefined || b === undefined) throw new Error('two hosts expected')
  /** The next channel that B is handed; held open until `done`. */
  const accept = () => {
    const accepted = Promise.withResolvers<Channel>()
    const done = Promise.withResolvers<void>()
    b.host.serve(bulk, framed, async (channel) => {
      accepted.resolve(channel)
      await done.promise
    })
    return { channel: accepted.promise, done: done.resolve }
  }
  return { a, b, accept, [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose]() }
}

async function codeOfRejection(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return isTwiinError(error) ? error.code : String(error)
  }
  return 'no error'
}

async function readAll(channel: Channel): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const frame of channel.frames()) frames.push(frame)
  return frames
}

describe('a channel', () => {
  it('carries frames both ways, small and large, in order, and ends when both ended', async () => {
    await using net = await pair()
    net.b.host.serve(bulk, framed, async (channel) => {
      for await (const frame of channel.frames()) await channel.send(frame)
    })
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    const sent = [1, 100, 70_000, 4 * MiB, 3, ...Array.from({ length: 500 }, (_, i) => i + 1)].map((n) =>
      randomBytes(n),
    )
    const reading = readAll(channel)
    for (const frame of sent) await channel.send([frame.subarray(0, 1), frame.subarray(1)])
    await channel.end()
    const received = await reading
    expect(received.length).toBe(sent.length)
    expect(received.every((frame, i) => Buffer.compare(frame, sent[i] ?? Buffer.alloc(0)) === 0)).toBe(true)
    expect(channel.signal.aborted).toBe(false)
  })

  it('moves 200 MB past a slow reader with bounded memory at both ends, unaltered', async () => {
    await using net = await pair()
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    await channel.send(randomBytes(1))
    const reader = await serving.channel
    const frame = randomBytes(512 * 1024)
    const sentHash = createHash('sha256')
    const before = process.memoryUsage().arrayBuffers
    const peak = { reader: 0, writer: 0, arrayBuffers: 0 }
    const look = () => {
      if (!(reader instanceof StreamChannel && channel instanceof StreamChannel))
        throw new Error('unexpected')
      peak.reader = Math.max(peak.reader, reader.bufferedBytes)
      peak.writer = Math.max(peak.writer, channel.bufferedBytes)
      peak.arrayBuffers = Math.max(peak.arrayBuffers, process.memoryUsage().arrayBuffers - before)
    }
    const sending = (async () => {
      for (let i = 0; i < 400; i++) {
        frame.writeUInt32BE(i)
        sentHash.update(frame)
        await channel.send(frame)
      }
      await channel.end()
    })()
    const receivedHash = createHash('sha256')
    let received = 0
    for await (const part of reader.frames()) {
      if (part.byteLength === 1) continue
      receivedHash.update(part)
      received += part.byteLength
      look()
      // slower than the sender: some turns of the event loop for each frame
      for (let i = 0; i < 8; i++) await turn()
    }
    await sending
    serving.done()
    expect(received).toBe(200 * MiB)
    expect(receivedHash.digest('hex')).toBe(sentHash.digest('hex'))
    // one window in our queue and one in the library's buffer
    expect(peak.reader).toBeLessThan(18 * MiB)
    expect(peak.writer).toBeLessThan(2 * MiB)
    // both ends and their garbage are in this process: never as much as was moved
    expect(peak.arrayBuffers).toBeLessThan(200 * MiB)
  })

  it('keeps little more than a frame in the sender when the window is small', async () => {
    await using net = await pair({ limits: { streamWindowBytes: 256 * 1024, readBufferBytes: 4 * MiB } })
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    let peak = 0
    const sending = (async () => {
      for (let i = 0; i < 30; i++) {
        await channel.send(Buffer.alloc(MiB))
        peak = Math.max(peak, channel instanceof StreamChannel ? channel.bufferedBytes : Infinity)
      }
      await channel.end()
    })()
    expect(await readAll(await serving.channel)).toHaveLength(30)
    await sending
    serving.done()
    expect(peak).toBeLessThan(1.5 * MiB)
  })

  it('holds the sender back while nobody reads', async () => {
    await using net = await pair()
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    let sent = 0
    const sending = (async () => {
      for (; sent < 200; sent++) await channel.send(Buffer.alloc(MiB))
    })()
    sending.catch(() => {})
    await serving.channel
    let last = -1
    await expect.poll(() => last === (last = sent), { interval: 400, timeout: 10_000 }).toBe(true)
    expect(sent).toBeLessThan(16)
    channel.abort(new Error('enough'))
    expect(await codeOfRejection(sending)).toBe('CHANNEL_CLOSED')
    serving.done()
  })

  it.each(['sender', 'reader'] as const)(
    'that its %s aborts is closed at both ends, and no reason crosses',
    async (who) => {
      await using net = await pair()
      const serving = net.accept()
      const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
      await channel.send(Buffer.alloc(10))
      const reader = await serving.channel
      const reading = codeOfRejection(readAll(reader))
      const answering = codeOfRejection(readAll(channel))
      if (who === 'sender') channel.abort(new Error('secret detail'))
      else reader.abort(new Error('secret detail'))
      expect(await reading).toBe('CHANNEL_CLOSED')
      expect(await answering).toBe('CHANNEL_CLOSED')
      expect(reader.signal.aborted && channel.signal.aborted).toBe(true)
      expect(await codeOfRejection(channel.send(Buffer.alloc(10)))).toBe('CHANNEL_CLOSED')
      serving.done()
    },
  )

  it('never takes a broken connection for the end', async () => {
    await using net = await pair()
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    await channel.send(Buffer.alloc(10))
    const reader = await serving.channel
    const reading = readAll(reader)
    await net.a.host.stop()
    expect(await codeOfRejection(reading)).toBe('CHANNEL_CLOSED')
    serving.done()
  })

  it('never takes a half close without the end mark for the end', async () => {
    await using net = await pair()
    const code = Promise.withResolvers<string>()
    net.b.host.serve(bulk, framed, async (channel) => code.resolve(await codeOfRejection(readAll(channel))))
    await using stranger = await strangerOn(net.b.host.multiaddrs()[0])
    stranger.stream.send(Uint8Array.of(0, 0, 0, 1, 7))
    await stranger.stream.close()
    expect(await code.promise).toBe('CHANNEL_CLOSED')
  })

  it('is cut by revocation within a second, and dialling again is refused', async () => {
    await using net = await pair()
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    await channel.send(Buffer.alloc(10))
    const reader = await serving.channel
    const startedAt = performance.now()
    net.b.admission.revoked.add(net.a.host.peerId)
    const reading = readAll(channel)
    await net.b.host.sweep()
    expect(reader.signal.reason).toMatchObject({ code: 'PEER_NOT_ADMITTED' })
    expect(await codeOfRejection(reading)).toBe('CHANNEL_CLOSED')
    expect(performance.now() - startedAt).toBeLessThan(1000)
    expect(net.b.host.connectedPeers()).toEqual([])
    expect(await codeOfRejection(net.a.host.open(net.b.host.peerId, bulk, framed))).toBe('PEER_REFUSED')
    serving.done()
  })

  it('closes when one side waits and nothing moves', async () => {
    await using net = await pair({ limits: { channelIdleMs: 200 } })
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, framed)
    expect(await codeOfRejection(readAll(channel))).toBe('CHANNEL_CLOSED')
    serving.done()
  })

  it('has a connection of its own for each lane', async () => {
    await using net = await pair()
    net.b.host.serve(bulk, framed, async (channel) => {
      for await (const frame of channel.frames()) await channel.send(frame)
    })
    const lanes = [0, 1, 2, 1]
    const channels = await Promise.all(
      lanes.map((lane) => net.a.host.open(net.b.host.peerId, bulk, { ...framed, lane })),
    )
    for (const channel of channels) {
      await channel.send(Buffer.from('x'))
      await channel.end()
      expect(await readAll(channel)).toHaveLength(1)
    }
    const again = await net.a.host.open(net.b.host.peerId, bulk, { ...framed, lane: 2 })
    await again.end()
    expect(net.a.host.connectionCount(net.b.host.peerId)).toBe(3)
  })
})

/** A member whose software is not ours, with a stream of the bulk protocol. */
async function strangerOn(address = '') {
  const encrypter: NonNullable<Libp2pOptions['connectionEncrypters']>[number] = certifiedNoise({
    admission: new FakeAdmission(),
    log: silentLogger,
    onRefusal: () => {},
  })
  const node = await createLibp2p({
    transports: [tcp()],
    streamMuxers: [yamux()],
    connectionEncrypters: [encrypter],
  })
  const stream = await node.dialProtocol(multiaddr(address), bulk)
  return { node, stream, [Symbol.asyncDispose]: async () => node.stop() }
}

describe('a hostile length', () => {
  it('of 4 GiB is FRAME_TOO_LARGE, and no memory is set aside for it', async () => {
    await using net = await pair()
    const code = Promise.withResolvers<string>()
    net.b.host.serve(bulk, framed, async (channel) => code.resolve(await codeOfRejection(readAll(channel))))
    await using stranger = await strangerOn(net.b.host.multiaddrs()[0])
    const before = process.memoryUsage().arrayBuffers
    stranger.stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3))
    expect(await code.promise).toBe('FRAME_TOO_LARGE')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MiB)
  })

  it('of a frame we would send ourselves is refused here', async () => {
    await using net = await pair()
    const serving = net.accept()
    const channel = await net.a.host.open(net.b.host.peerId, bulk, { maxFrameBytes: 10 })
    expect(await codeOfRejection(channel.send(Buffer.alloc(11)))).toBe('FRAME_TOO_LARGE')
    await expect(channel.send(Buffer.alloc(0))).rejects.toThrow(RangeError)
    await serving.channel
    serving.done()
  })
})
