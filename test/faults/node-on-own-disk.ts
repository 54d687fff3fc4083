import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { cp, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ApiClient } from '../../scripts/demo-network/api-client.ts'
import { programFile } from '../../scripts/demo-network/child-processes.ts'
import type { NetworkHospital } from '../../scripts/demo-network/network-file.ts'
import type { Demo } from '../support/demo.ts'
import { until } from '../support/node-api.ts'
import { PrivateDisk } from './private-disk.ts'

const repository = join(import.meta.dirname, '../..')
const flags = [
  '--disable-warning=ExperimentalWarning',
  '--import',
  join(repository, 'scripts/demo-network/exit-with-parent.mjs'),
]

export interface HeldInstance {
  sopInstanceUid: string
  /** Of the data set. */
  sha256: string
}

/** A hospital of the demo whose node keeps its data on a disk of its own, which can fill up or lose power. */
export class NodeOnOwnDisk implements AsyncDisposable {
  readonly disk: PrivateDisk
  readonly #hospital: NetworkHospital
  readonly #logFile: string
  #process: ChildProcess | undefined

  private constructor(disk: PrivateDisk, hospital: NetworkHospital, logFile: string) {
    this.disk = disk
    this.#hospital = hospital
    this.#logFile = logFile
  }

  /** Ends the demo's own process of that hospital, for good, and moves its data. The node is not started yet. */
  static async move(demo: Demo, index: number, options: { mebibytes: number }): Promise<NodeOnOwnDisk> {
    const hospital = demo.hospital(index)
    await demo.kill(index, 'SIGTERM').catch(() => {})
    const disk = await PrivateDisk.create({ mountPoint: hospital.dataDir, ...options })
    await cp(hospital.dataDir, disk.root, { recursive: true, preserveTimestamps: true })
    return new NodeOnOwnDisk(disk, hospital, join(demo.dir, `logs/node-${hospital.ura}-own-disk.log`))
  }

  /** Resolves when the node serves: ready, unless it is expected to say that it is not. */
  async start(expected: { status: 200 | 503 } = { status: 200 }): Promise<void> {
    const log = openSync(this.#logFile, 'a')
    const command = [...flags, programFile('node'), 'serve', '--config']
    const args = [...command, this.#hospital.configFile]
    const node = this.disk.spawn(process.execPath, args, { stdio: ['pipe', log, log] })
    closeSync(log)
    this.#process = node
    const serves = async () => {
      if (node.exitCode !== null) return { failed: (await this.log()).split('\n').slice(-5).join('\n') }
      const runtime = JSON.parse(await readFile(join(this.disk.root, 'runtime.json'), 'utf8')) as {
        pid: number
      }
      return runtime.pid === node.pid && (await this.readiness()).status === expected.status && {}
    }
    const answer: { failed?: string } = await until(serves, { timeoutMs: 60_000, what: 'node serves' })
    if (answer.failed !== undefined) throw new Error(`the node did not start: ${answer.failed}`)
  }

  /** What `/readyz` says. */
  async readiness(): Promise<{ status: number; body: { ready?: boolean; problems?: string[] } }> {
    const { url, caFile } = this.#hospital.web
    using web = new ApiClient({ url, ca: await readFile(caFile, 'utf8') })
    return await web.ask('GET', '/readyz')
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const node = this.#process
    if (node === undefined || node.exitCode !== null || node.signalCode !== null) return
    const gone = once(node, 'exit')
    node.kill(signal)
    await gone
  }

  /** The power fails, the machine is off, and comes back; the node is not started. */
  async powerCut(): Promise<void> {
    await this.disk.cutPower()
    await this.stop('SIGKILL')
    await this.disk.powerOn()
  }

  /** Opens the store of the stopped node, as it would itself, and reads every byte. */
  async holdings(): Promise<HeldInstance[]> {
    const program = join(import.meta.dirname, 'print-holdings.ts')
    const dataDir = this.#hospital.dataDir
    const printed = await this.disk.run(process.execPath, [flags[0] ?? '', program, dataDir])
    return JSON.parse(printed) as HeldInstance[]
  }

  /** Files of the stopped or idle node that belong to nothing: half received, half written, or in no record. */
  async remnants(instances: number): Promise<string[]> {
    const files = await readdir(this.disk.root, { recursive: true, withFileTypes: true })
    const at = (folder: string) =>
      files.filter(
        (file) => file.isFile() && join(file.parentPath, '').startsWith(join(this.disk.root, folder)),
      )
    const excess = at('blobs/blobs').length - instances
    return [
      ...[...at('blobs/incoming'), ...at('blobs/partial')].map(({ name }) => name),
      ...files.filter(({ name }) => name.endsWith('.tmp')).map(({ name }) => name),
      ...(excess === 0 ? [] : [`${excess} blobs more than instances`]),
    ]
  }

  log(): Promise<string> {
    return readFile(this.#logFile, 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
    await this.disk[Symbol.asyncDispose]()
  }
}
