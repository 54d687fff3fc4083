/** One end of `tar | TLS | tar`, the plainest safe way to move a folder: no digest, no catalogue, no fsync. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { answerParent } from './far-end.ts'
import { connectTls, listenTls } from './tls-line.ts'
import type { TlsLine } from './tls-line.ts'

let into = '.'

answerParent({
  listen: () => listenTls((socket) => void unpack(socket)),
  expect: async (dir: string) => void (into = dir),
  /** Seconds from packing until the receiver has unpacked. */
  send: async ({ line, dir }: { line: TlsLine; dir: string }): Promise<number> => {
    const began = performance.now()
    const socket = await connectTls(line)
    const unpacked = once(socket, 'data')
    const tar = spawn('tar', ['-cf', '-', '-C', dir, '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await pipeline(tar.stdout, socket)
    await unpacked
    socket.destroy()
    return (performance.now() - began) / 1000
  },
})

/** Answers with one byte when everything is written. */
async function unpack(socket: TLSSocket): Promise<void> {
  const tar = spawn('tar', ['-xf', '-', '-C', into], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(tar, 'exit') as Promise<[number]>
  socket.pipe(tar.stdin)
  const [code] = await ended
  if (code === 0) socket.end('!')
  else socket.destroy()
}
