import { connect } from 'node:net'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ConnectionEncrypter } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CERTIFIED_NOISE } from '../certified-noise.ts'

/**
 * Dials a node with a program of one's own: real noise, the credential given, and then it goes on whatever the verdict
 * is, first with a muxer as if it had been admitted. Resolves to each message that the node sent after noise.
 */
export async function insist(address: string, credential: Uint8Array): Promise<Uint8Array[]> {
  const heard: Uint8Array[] = []
  const insisting = (components: Parameters<ReturnType<typeof noise>>[0]): ConnectionEncrypter => {
    const inner = noise()(components)
    return {
      protocol: CERTIFIED_NOISE,
      secureInbound: (connection, options) => inner.secureInbound(connection, options),
      secureOutbound: async (connection, options) => {
        const secured = await inner.secureOutbound(connection, options)
        const frames = lpStream(secured.connection)
        const signal = AbortSignal.timeout(5_000)
        await frames.write(credential, { signal })
        await frames.write(Uint8Array.of(1), { signal })
        try {
          heard.push((await frames.read({ signal })).subarray())
          heard.push((await frames.read({ signal })).subarray())
          // It was refused, and asks for the muxer and more all the same.
          for (const line of ['/multistream/1.0.0\n', '/yamux/1.0.0\n', '/twiin/search/1.0.0\n'])
            await frames.write(Buffer.from(line), { signal })
          for (;;) heard.push((await frames.read({ signal })).subarray())
        } catch {
          // The node has hung up.
        }
        return secured
      },
    }
  }
  const stranger = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [insisting],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  try {
    const dialled = await stranger.dial(multiaddr(address), { signal: AbortSignal.timeout(8_000) }).then(
      () => 'open',
      () => 'refused',
    )
    if (dialled === 'open') heard.push(Buffer.from('the connection was opened'))
    return heard
  } finally {
    await stranger.stop()
  }
}

/** Proposes protocols by bare multistream-select, without any encryption; what the node answered to each. */
export async function propose(address: string, protocols: readonly string[]): Promise<string[]> {
  const port = Number(/tcp\/(\d+)/.exec(address)?.[1])
  const answers: string[] = []
  for (const protocol of protocols) {
    const socket = connect(port, '127.0.0.1')
    const line = (text: string) => Buffer.from([text.length + 1, ...Buffer.from(`${text}\n`)])
    socket.write(Buffer.concat([line('/multistream/1.0.0'), line(protocol)]))
    let heard = ''
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '|')
      if (heard.includes('na|') || heard.includes(protocol)) socket.destroy()
    })
    socket.setTimeout(2_000, () => socket.destroy())
    await new Promise((resolve) => socket.once('close', resolve))
    answers.push(heard.replace(/^.*multistream\/1\.0\.0\|+/, '').replace(/\|/g, ''))
  }
  return answers
}
