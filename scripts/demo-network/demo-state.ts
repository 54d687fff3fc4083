import { randomBytes, randomInt } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { writeFileDurably } from '@twiin/store'
import { maxHospitals, roles } from './hospitals.ts'
import type { Role } from './hospitals.ts'

/** What a demo keeps in DIR/demo.json, so that it comes back with the same ports and tokens. A copy without `firstPort` takes ports of its own. */
export interface DemoState {
  version: 1
  /** First port of the block that is this demo's. */
  firstPort: number
  /** By URA number. */
  tokens: Record<string, Record<Role, string>>
  /** URA numbers of the hospitals whose sample data are in. */
  loaded: string[]
}

const blockSize = 96
const portsPerHospital = 5
// Below the range from which Linux takes ports for outgoing connections.
const lowest = 20_000
const blocks = 124

export class DemoFolder implements AsyncDisposable {
  readonly dir: string
  readonly state: DemoState
  readonly #lock: Server

  private constructor(dir: string, state: DemoState, lock: Server) {
    this.dir = dir
    this.state = state
    this.#lock = lock
  }

  /** The first port of the block is held as long as the demo runs: nobody else takes the block, or starts in this DIR. */
  static async open(dir: string): Promise<DemoFolder> {
    await mkdir(join(dir, 'logs'), { recursive: true, mode: 0o700 })
    const text = await readFile(join(dir, 'demo.json'), 'utf8').catch(() => undefined)
    if (text !== undefined) {
      const kept = JSON.parse(text) as Omit<DemoState, 'firstPort'> & { firstPort?: number }
      if (kept.firstPort === undefined) return DemoFolder.#begin(dir, kept)
      const state = { ...kept, firstPort: kept.firstPort }
      const lock = await hold(state.firstPort)
      if (lock === undefined)
        throw new Error(`port ${state.firstPort} is in use: does a demo run in ${dir} already?`)
      return new DemoFolder(dir, state, lock)
    }
    return DemoFolder.#begin(dir, { version: 1, tokens: {}, loaded: [] })
  }

  static async #begin(dir: string, state: Omit<DemoState, 'firstPort'>): Promise<DemoFolder> {
    const { firstPort, lock } = await freeBlock()
    const folder = new DemoFolder(dir, { ...state, firstPort }, lock)
    await folder.save()
    return folder
  }

  get registryPorts(): { web: number; peer: number } {
    const { firstPort } = this.state
    return { web: firstPort + 1, peer: firstPort + 2 }
  }

  hospitalPorts(
    index: number,
  ): Record<'dicom' | 'pacs' | 'web' | 'peer' | 'share' | 'pacsHttp' | 'hl7', number> {
    const first = this.state.firstPort + 3 + index * portsPerHospital
    // Behind those of all hospitals, so that folders of before keep their ports.
    const pacsHttp = this.state.firstPort + 3 + maxHospitals * portsPerHospital + index
    const hl7 = pacsHttp + maxHospitals
    return { dicom: first, pacs: first + 1, web: first + 2, peer: first + 3, share: first + 4, pacsHttp, hl7 }
  }

  /** The bearer tokens of a hospital; made at its first start. */
  async tokensOf(ura: string): Promise<Record<Role, string>> {
    const known = this.state.tokens[ura]
    if (known !== undefined) return known
    const made = roles.map((role) => [role, randomBytes(32).toString('base64url')])
    const tokens = Object.fromEntries(made) as Record<Role, string>
    this.state.tokens[ura] = tokens
    await this.save()
    return tokens
  }

  async save(): Promise<void> {
    const text = `${JSON.stringify(this.state, null, 2)}\n`
    await writeFileDurably(join(this.dir, 'demo.json'), Buffer.from(text), { mode: 0o600 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#lock.close(resolve))
  }
}

async function freeBlock(): Promise<{ firstPort: number; lock: Server }> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const firstPort = lowest + blockSize * randomInt(blocks)
    const lock = await hold(firstPort)
    if (lock === undefined) continue
    const rest = Array.from({ length: blockSize - 1 }, (_, offset) => hold(firstPort + 1 + offset))
    const held = await Promise.all(rest)
    await Promise.all(held.map((server) => new Promise((resolve) => server?.close(resolve) ?? resolve(0))))
    if (!held.includes(undefined)) return { firstPort, lock }
    lock.close()
  }
  throw new Error('no 64 free ports in a row found')
}

async function hold(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
