/** One end of a line without disks: a channel of packages/network, and node:tls with nothing on it. */
import { once } from 'node:events'
import { TestHost } from '@twiin/network/testing'
import type { TLSSocket } from 'node:tls'
import { answerParent } from './far-end.ts'
import { connectTls, listenTls } from './tls-line.ts'
import type { TlsLine } from './tls-line.ts'

export interface ChannelLine {
  peerId: string
  addresses: readonly string[]
}
export interface Load {
  bytes: number
  frameBytes: number
}

const protocol = '/twiin/bench/1.0.0'
const maxFrameBytes = 1024 * 1024
const test = await TestHost.start()

answerParent({
  listen: async (): Promise<{ channel: ChannelLine; tls: TlsLine }> => {
    test.host.serve(protocol, { maxFrameBytes }, async (channel) => {
      let bytes = 0
      for await (const frame of channel.frames()) bytes += frame.byteLength
      await channel.send(Buffer.from(String(bytes)))
    })
    const tls = await listenTls((socket) => void count(socket))
    return { channel: { peerId: test.host.peerId, addresses: test.host.multiaddrs() }, tls }
  },
  /** Seconds until the other end says that it has everything. */
  overChannel: async ({ line, load }: { line: ChannelLine; load: Load }): Promise<number> => {
    test.directory.entries.set(line.peerId, line.addresses)
    const channel = await test.host.open(line.peerId, protocol, { maxFrameBytes })
    const frame = Buffer.alloc(load.frameBytes, 7)
    const began = performance.now()
    for (let sent = 0; sent < load.bytes; sent += frame.length) await channel.send(frame)
    await channel.end()
    for await (const answer of channel.frames()) expectAll(answer, load)
    return (performance.now() - began) / 1000
  },
  overTls: async ({ line, load }: { line: TlsLine; load: Load }): Promise<number> => {
    const socket = await connectTls(line)
    const frame = Buffer.alloc(load.frameBytes, 7)
    const began = performance.now()
    for (let sent = 0; sent < load.bytes; sent += frame.length)
      if (!socket.write(frame)) await once(socket, 'drain')
    const answered = once(socket, 'data') as Promise<[Buffer]>
    socket.end()
    expectAll((await answered)[0], load)
    return (performance.now() - began) / 1000
  },
})

async function count(socket: TLSSocket): Promise<void> {
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(socket, 'end')
  socket.end(String(bytes))
}

function expectAll(answer: Uint8Array, { bytes }: Load): void {
  if (Buffer.from(answer).toString() !== String(bytes)) throw new Error('bytes are missing')
}
