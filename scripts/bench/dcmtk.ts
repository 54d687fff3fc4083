import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { until } from '../demo-network/until.ts'

/** storescp's and, by default, ours: what a sender may put into one P-DATA-TF. */
export const pduBytes = 131_072
const host = '127.0.0.1'
const [scu, scp] = ['storescu', 'storescp']

/** DCMTK leaves Nagle's algorithm on, which costs about 45 ms for every instance; `TCP_NODELAY=1` turns it off. */
export type Nagle = 'on' | 'off'
const environmentFor = (nagle: Nagle) => ({ ...process.env, ...(nagle === 'off' && { TCP_NODELAY: '1' }) })

export function dcmtkVersion(): string {
  const [line] = spawnSync(scu, ['--version'], { encoding: 'utf8' }).stdout?.split('\n') ?? []
  return line === undefined ? 'DCMTK not installed' : line.replaceAll('$', '').trim()
}

export const dcmtkInstalled = (): boolean => spawnSync(scp, ['--version']).status === 0

/** Sends a folder over one association, as a modality would; resolves when every instance was answered. */
export async function storescu(
  to: { port: number; aeTitle: string },
  options: { dir: string; nagle: Nagle },
): Promise<void> {
  const args = ['-R', '-aec', to.aeTitle, host, String(to.port), '+sd', options.dir]
  const child = spawn(scu, args, {
    env: environmentFor(options.nagle),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`storescu ended with ${code}`)
}

/** DCMTK's receiver: writes files as they come (`+B`: the bytes it gets), never fsyncs, catalogues nothing. */
export class Storescp implements AsyncDisposable {
  readonly pid: number
  readonly port: number
  readonly aeTitle = 'ARCHIVE'
  readonly dir: string
  readonly #stop: () => Promise<void>

  private constructor(options: { pid: number; port: number; dir: string }, stop: () => Promise<void>) {
    this.pid = options.pid
    this.port = options.port
    this.dir = options.dir
    this.#stop = stop
  }

  static async start(options: { dir: string; nagle: Nagle }): Promise<Storescp> {
    const dir = join(options.dir, `storescp-nagle-${options.nagle}`)
    await mkdir(dir, { recursive: true })
    const port = await freePort()
    const args = ['+B', '-pdu', String(pduBytes), '-aet', 'ARCHIVE', '-od', dir, String(port)]
    const child = spawn(scp, args, { env: environmentFor(options.nagle), stdio: 'ignore' })
    const gone = once(child, 'exit')
    await until(() => accepts(port), { timeoutMs: 10_000, what: 'storescp listens' })
    return new Storescp({ pid: child.pid ?? 0, port, dir }, async () => {
      child.kill('SIGTERM')
      await gone
    })
  }

  /** Makes room for the next round. */
  async empty(): Promise<void> {
    await rm(this.dir, { recursive: true })
    await mkdir(this.dir)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
