/** A hospital that is not in the demo yet: its configuration, and its node as an engineer would start it. */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import type { Demo } from './demo.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../node/bin/twiin-node')

interface Config {
  hospital: object
  dicom: { port: number; destinations: unknown[] }
  pacs: object
  web: object
  peer: object
  registry: object
}

export class NewHospital implements AsyncDisposable {
  readonly name: string
  readonly ura: string
  readonly configFile: string
  readonly tokenFile: string
  #node: ChildProcess | undefined

  private constructor(options: { name: string; ura: string; dir: string }) {
    this.name = options.name
    this.ura = options.ura
    this.configFile = join(options.dir, 'node.yaml')
    this.tokenFile = join(options.dir, 'enrolment-token')
  }

  /** Beside the hospitals of the demo, with ports from its block that none of them has. */
  static async beside(demo: Demo, options: { name: string; ura: string }): Promise<NewHospital> {
    const dir = join(demo.dir, 'hospitals', options.ura)
    await mkdir(dir, { recursive: true })
    const hospital = new NewHospital({ ...options, dir })
    const first = demo.hospital(0)
    const config = parse(await readFile(first.configFile, 'utf8')) as Config
    const port = first.dicom.port + 5 * demo.network.hospitals.length
    const own = {
      ...config,
      hospital: { ...config.hospital, ...options, patientIdIssuer: `ZIS-${options.ura}` },
      dataDir: join(dir, 'data'),
      registry: { ...config.registry, enrolmentTokenFile: hospital.tokenFile },
      peer: { listen: [`/ip4/127.0.0.1/tcp/${port + 3}`], dialLoopback: true },
      dicom: { ...config.dicom, port, destinations: [] },
      // The demo PACS of a neighbour answers the echo.
      web: { ...config.web, port: port + 2 },
      hl7: undefined,
    }
    await writeFile(hospital.configFile, stringify(own))
    return hospital
  }

  async command(...args: string[]): Promise<Record<string, unknown>> {
    const [name = '', ...rest] = args
    const { stdout } = await run(program, [name, '--config', this.configFile, ...rest])
    return JSON.parse(stdout) as Record<string, unknown>
  }

  /** Starts its node with this enrolment token. */
  async start(enrolmentToken: string): Promise<void> {
    await writeFile(this.tokenFile, `${enrolmentToken}\n`, { mode: 0o600 })
    this.#node = spawn(program, ['serve', '--config', this.configFile], { stdio: 'ignore' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const node = this.#node
    if (node === undefined || node.exitCode !== null) return
    const gone = once(node, 'exit')
    node.kill('SIGTERM')
    await gone
  }
}
