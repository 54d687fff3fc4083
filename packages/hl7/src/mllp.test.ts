import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { silentLogger, systemClock } from '@twiin/runtime'
import { describe, expect, it } from 'vitest'
import { framed } from './frame-decoder.ts'
import { MllpClient, MllpServer, acknowledge, readHeader } from './index.ts'
import type { MllpReceiver, MllpServerOptions } from './index.ts'

const message = (id: string, text = '') =>
  Buffer.from(`MSH|^~\\&|ZIS|A|T|A|||ADT^A08|${id}|P|2.5\rPID|${text}\r`)
const idOf = (bytes: Buffer) => readHeader(bytes).header.controlId
const answerTo = (bytes: Buffer) =>
  acknowledge(
    readHeader(bytes).header,
    { code: 'AA' },
    { application: 'T', facility: 'A', now: 0, controlId: 'x' },
  )

async function serve(options: Partial<MllpServerOptions> = {}, receive?: MllpReceiver['receive']) {
  const received: string[] = []
  const receiver: MllpReceiver = {
    receive: async (bytes, from) => {
      received.push(idOf(bytes))
      return (await receive?.(bytes, from)) ?? answerTo(bytes)
    },
  }
  const server = new MllpServer({ host: '127.0.0.1', port: 0, ...options }, { receiver, log: silentLogger })
  await server.start()
  const { port } = server.address()
  return { received, port, server, [Symbol.asyncDispose]: () => server.stop() }
}

/** Also when it was reset: `once` would take that for a failure. */
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : void socket.once('close', () => resolve())))

/** Sends and ends; resolves to the ids that were answered, when the other side has closed. */
async function talk(port: number, chunks: readonly Uint8Array[], { end = true } = {}): Promise<string[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  socket.on('error', () => {})
  let answers = ''
  socket.on('data', (chunk) => (answers += chunk.toString('latin1')))
  await once(socket, 'connect')
  for (const chunk of chunks) {
    if (socket.destroyed) break
    socket.write(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  if (end) socket.end()
  await closed(socket)
  return [...answers.matchAll(/MSA\|AA\|([^|\r]*)/g)].map(([, id = '']) => id)
}

describe('MLLP', () => {
  it('frames are found however the bytes are cut', async () => {
    await using at = await serve()
    const stream = Buffer.concat([
      framed(message('1')),
      Buffer.from('\r\n junk '),
      framed(message('2', 'é')),
      framed(message('3')),
    ])
    for (const size of [1, 2, 3, 7, stream.length]) {
      const chunks = []
      for (let i = 0; i < stream.length; i += size) chunks.push(stream.subarray(i, i + size))
      expect(await talk(at.port, chunks)).toEqual(['1', '2', '3'])
    }
    expect(at.received).toHaveLength(15)
  })

  it('a frame that lost its end is not taken for one with the next', async () => {
    await using at = await serve()
    const lost = framed(message('1')).subarray(0, -2)
    expect(await talk(at.port, [Buffer.concat([lost, framed(message('2'))])])).toEqual(['2'])
    expect(at.received).toEqual(['2'])
  })

  it('one message at a time is received on a connection, and answered in order', async () => {
    let busy = 0
    let most = 0
    await using at = await serve({}, async (bytes) => {
      most = Math.max(most, ++busy)
      await new Promise((resolve) => setImmediate(resolve))
      busy--
      return answerTo(bytes)
    })
    const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
    expect(await talk(at.port, [Buffer.concat(ids.map((id) => framed(message(id))))])).toEqual(ids)
    expect(most).toBe(1)
  })

  it('a frame over the limit ends the connection before it is held', async () => {
    await using at = await serve({ limits: { maxFrameBytes: 1000 } })
    const long = framed(message('long', 'x'.repeat(1000)))
    expect(await talk(at.port, [framed(message('1')), long, framed(message('2'))], { end: false })).toEqual([
      '1',
    ])
    expect(at.received).toEqual(['1'])
  })

  it('half messages of many connections together have a limit, and leave room again', async () => {
    await using at = await serve({ limits: { maxBufferedBytes: 20_000, maxConnectionsPerAddress: 32 } })
    const half = Buffer.concat([Buffer.from([0x0b]), Buffer.alloc(4000, 'x')])
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(at.port, '127.0.0.1')
        socket.on('error', () => {})
        await once(socket, 'connect')
        socket.write(half)
        return socket
      }),
    )
    // Four have room; the others are sent away.
    await Promise.all(sockets.slice(4).map(async (socket) => closed(socket.resume())))
    const gone = () => sockets.filter(({ destroyed }) => destroyed).length
    expect(gone()).toBe(4)
    sockets.forEach((socket) => socket.destroy())
    for (;;) {
      const answered = await talk(at.port, [framed(message('after'))]).catch(() => [])
      if (answered.length > 0) break
    }
  })

  it('half messages of one address leave most of the room to others, and always hold one message', async () => {
    const halfMessages = async (maxFrameBytes: number) => {
      await using at = await serve({ limits: { maxBufferedBytes: 64_000, maxFrameBytes } })
      const half = Buffer.concat([Buffer.from([0x0b]), Buffer.alloc(9000, 'x')])
      const sockets = [1, 2, 3, 4].map(() => connect(at.port, '127.0.0.1'))
      let gone = 0
      for (const socket of sockets) socket.on('error', () => {}).once('close', () => gone++)
      for (const socket of sockets) socket.resume().write(half)
      const last = connect(at.port, '127.0.0.1')
      // Behind them; nothing is said, only connected and ended.
      await once(last.resume().end(), 'close')
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
      sockets.forEach((socket) => socket.destroy())
      return gone
    }
    expect(await halfMessages(10_000)).toBe(3)
    expect(await halfMessages(40_000)).toBe(0)
  })

  it('an address that no sender has is not heard', async () => {
    await using at = await serve({ addresses: ['10.0.0.1'] })
    expect(await talk(at.port, [framed(message('1'))])).toEqual([])
    await using open = await serve({ addresses: ['10.0.0.1', '127.0.0.1'] })
    expect(await talk(open.port, [framed(message('1'))])).toEqual(['1'])
    expect([at.received, open.received]).toEqual([[], ['1']])
  })

  it('silence is borne long only from a sender who was admitted', async () => {
    await using at = await serve({ timeouts: { firstMs: 50 } }, async (bytes, from) => {
      if (idOf(bytes) === 'known') from.admitted()
      return answerTo(bytes)
    })
    expect(await talk(at.port, [], { end: false })).toEqual([])
    expect(await talk(at.port, [framed(message('unknown'))], { end: false })).toEqual(['unknown'])
    const known = connect(at.port, '127.0.0.1')
    known.write(framed(message('known')))
    await once(known, 'data')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(known.readyState).toBe('open')
    known.destroy()
  })

  it('whoever speaks another protocol, or says nothing more, is sent away', async () => {
    await using at = await serve({
      limits: { maxJunkBytes: 100 },
      timeouts: { frameMs: 60, idleMs: 60 },
    })
    expect(await talk(at.port, [Buffer.alloc(200, 'GET / ')], { end: false })).toEqual([])
    expect(await talk(at.port, [framed(message('1')).subarray(0, 10)], { end: false })).toEqual([])
    expect(await talk(at.port, [framed(message('1'))], { end: false })).toEqual(['1'])
  })

  it('a byte now and then does not buy a frame more time', async () => {
    await using at = await serve({ timeouts: { frameMs: 100, idleMs: 100 } })
    const socket = connect(at.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(Buffer.from([0x0b]))
    const drip = setInterval(() => socket.write('x'), 20)
    await closed(socket.resume())
    clearInterval(drip)
    expect(at.received).toEqual([])
  })

  it('more connections than the cap are refused, and the others served', async () => {
    await using at = await serve({ limits: { maxConnections: 2 } })
    const kept = [connect(at.port, '127.0.0.1'), connect(at.port, '127.0.0.1')]
    await Promise.all(kept.map((socket) => once(socket, 'connect')))
    expect(await talk(at.port, [framed(message('1'))])).toEqual([])
    kept.forEach((socket) => socket.destroy())
  })

  it('a receiver that fails leaves its sender without an answer', async () => {
    await using at = await serve({}, async () => {
      throw new Error('disk')
    })
    expect(await talk(at.port, [framed(message('1'))], { end: false })).toEqual([])
  })
})

describe('a client', () => {
  const deps = { clock: systemClock, log: silentLogger }

  it('sends in order over one connection, one message outstanding', async () => {
    await using at = await serve()
    const client = new MllpClient({ host: '127.0.0.1', port: at.port }, deps)
    const ids = Array.from({ length: 200 }, (_, i) => `${i}`)
    const answers = await Promise.all(ids.map((id) => client.send(message(id))))
    expect(answers.map(({ controlId }) => controlId)).toEqual(ids)
    expect(at.received).toEqual(ids)
    await client.close()
  })

  it('offers a message again that got no answer, and takes no other answer for it', async () => {
    let connections = 0
    const server = createServer((socket: Socket) => {
      const first = ++connections === 1
      socket.on('data', (chunk) => {
        const bytes = chunk.subarray(1, -2)
        if (first) return socket.destroy()
        socket.write(framed(answerTo(message('an earlier one'))))
        return socket.write(framed(answerTo(bytes)))
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const client = new MllpClient({ host: '127.0.0.1', port, retryMs: 1 }, deps)
    expect(await client.send(message('7'))).toMatchObject({ accepted: true, controlId: '7' })
    expect(connections).toBe(2)
    await client.close()
    server.close()
  })

  it('goes on over a new connection when the other side closed an idle one', async () => {
    await using at = await serve({ timeouts: { idleMs: 30 } })
    const client = new MllpClient({ host: '127.0.0.1', port: at.port, attempts: 1 }, deps)
    await client.send(message('1'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await client.send(message('2'))).toMatchObject({ accepted: true })
    await client.close()
  })

  it('gives up on silence after its time', async () => {
    const server = createServer(() => {})
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const client = new MllpClient({ host: '127.0.0.1', port, answerMs: 30, attempts: 2, retryMs: 1 }, deps)
    await expect(client.send(message('1'))).rejects.toMatchObject({
      code: 'HL7_NO_ANSWER',
      facts: { attempts: 2 },
    })
    await client.close()
    server.close()
  })
})
