import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment, programFile } from '../../scripts/demo-network/child-processes.ts'
import { networkFile } from '../../scripts/demo-network/network-file.ts'
import type { Network, NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import { nodeReady } from '../../scripts/demo-network/start-hospital.ts'
import { until } from '../../scripts/demo-network/until.ts'
import { copyPrepared } from './prepared-demo.ts'

const root = join(import.meta.dirname, '../..')
const exitWithParent = join(root, 'scripts/demo-network/exit-with-parent.mjs')

export interface DemoOptions {
  hospitals?: number
  empty?: boolean
  /** Each PACS is an Orthanc. */
  withOrthanc?: boolean
  /** With the OHIF viewer beside it. */
  withOhif?: boolean
  /** Default: a folder of its own, removed afterwards. */
  dir?: string
  /** For the demo and everything it starts, besides what this process has. */
  env?: Readonly<Record<string, string>>
}

/** Starts `scripts/demo --headless` (without its preparation) and waits until the network is ready. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { dir: given, env } = options
  const dir = given ?? (await mkdtemp(join(tmpdir(), 'twiin-demo-')))
  if (given === undefined && env === undefined)
    await copyPrepared(dir, kindOf(options), async (prepared) => {
      const founded = await startDemo({ ...options, dir: prepared })
      await founded.stop()
    })
  // One that was killed leaves its own behind.
  await rm(networkFile(dir), { force: true })
  const args = ['--headless', '--dir', dir, '--hospitals', String(options.hospitals ?? 3)]
  if (options.empty === true) args.push('--empty')
  if (options.withOrthanc === true) args.push('--with-orthanc')
  if (options.withOhif === true) args.push('--with-ohif')
  const flags = ['--disable-warning=ExperimentalWarning', '--import', exitWithParent]
  const itsEnv = { ...environment(), ...env }
  const demo = spawn(process.execPath, [...flags, programFile('demo'), ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: itsEnv,
  })
  let complaint = ''
  demo.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const network = await until(
    async () => {
      if (demo.exitCode !== null) return { failed: complaint }
      return readNetwork(dir)
    },
    { timeoutMs: 270_000, what: 'demo is ready' },
  )
  if ('failed' in network) throw new Error(`the demo did not start: ${network.failed}`)
  return new Demo({ dir, network, temporary: given === undefined, env: itsEnv }, demo)
}

/** What makes one founded network as good as another. */
function kindOf({ hospitals = 3, empty, withOrthanc, withOhif }: DemoOptions): string {
  const words = [empty === true && 'empty', withOrthanc === true && 'orthanc', withOhif === true && 'ohif']
  return [hospitals, ...words.filter((word) => word !== false)].join('-')
}

async function readNetwork(dir: string): Promise<Network | undefined> {
  const text = await readFile(networkFile(dir), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Network)
}

/** A running demo; `await using` stops it and everything it started. */
export class Demo implements AsyncDisposable {
  readonly dir: string
  readonly network: Network
  readonly process: ChildProcess
  readonly #temporary: boolean
  readonly #env: NodeJS.ProcessEnv
  /** Nodes, and the registry, started again by hand: the demo does not know them. */
  readonly #restarted: ChildProcess[] = []

  constructor(
    options: { dir: string; network: Network; temporary: boolean; env: NodeJS.ProcessEnv },
    demo: ChildProcess,
  ) {
    this.dir = options.dir
    this.network = options.network
    this.#temporary = options.temporary
    this.#env = options.env
    this.process = demo
  }

  hospital(index: number): NetworkHospital {
    const hospital = this.network.hospitals[index]
    if (hospital === undefined) throw new Error(`no hospital ${index} in this demo`)
    return hospital
  }

  /** Ends a node, or the registry, and waits until it is gone. */
  async kill(who: number | 'registry', signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { pid } = who === 'registry' ? this.network.registry : this.hospital(who)
    process.kill(pid, signal)
    await until(() => !isAlive(pid), { timeoutMs: 15_000, what: `process ${pid} is gone` })
  }

  /** Starts a node again, as an engineer would, and waits until it is ready. */
  async restart(index: number): Promise<void> {
    const hospital = this.hospital(index)
    const command = [join(root, 'node/bin/twiin-node'), ['serve', '--config', hospital.configFile]] as const
    const node = spawn(command[0], [...command[1]], { stdio: 'ignore', env: this.#env })
    this.#restarted.push(node)
    const runtime = await nodeReady({ dataDir: hospital.dataDir, pid: node.pid ?? 0 })
    hospital.pid = runtime.pid
    hospital.node.multiaddrs = runtime.multiaddrs
  }

  /** Starts the registry again, as its operator would, and waits until it answers. */
  async restartRegistry(): Promise<void> {
    const { registry } = this.network
    const config = join(this.dir, 'registry/registry.yaml')
    const program = join(root, 'registry/bin/twiin-registry')
    const child = spawn(program, ['serve', '--config', config], { stdio: 'ignore', env: this.#env })
    this.#restarted.push(child)
    const isBack = async () => {
      const text = await readFile(join(registry.dataDir, 'runtime.json'), 'utf8')
      return (JSON.parse(text) as { pid: number }).pid === child.pid
    }
    await until(isBack, { timeoutMs: 60_000, what: 'registry listens again' })
    registry.pid = child.pid ?? 0
  }

  async stop(): Promise<void> {
    const running = [this.process, ...this.#restarted].filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    const gone = running.map((child) => once(child, 'exit'))
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(gone)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    if (this.#temporary) await rm(this.dir, { recursive: true, force: true })
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
