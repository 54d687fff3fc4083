import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './until.ts'

const program = '/usr/sbin/Orthanc'
const plugins = ['DicomWeb', 'Gdcm'].map((name) => `/usr/share/orthanc/plugins/libOrthanc${name}.so`)

export const orthancInstalled = [program, ...plugins].every((file) => existsSync(file))
/** For the name of a test that is skipped, or a message to whoever asked for it. */
export const orthancMissing = orthancInstalled
  ? ''
  : ' (needs the Debian packages orthanc, orthanc-dicomweb, orthanc-gdcm)'

/** Whom an Orthanc knows: it talks to nobody else, and nobody else is answered. */
export interface Modality {
  aeTitle: string
  port: number
}

export interface OrthancOptions {
  /** Its folder: configuration, database and files. */
  dir: string
  aeTitle: string
  dicomPort: number
  httpPort: number
  modalities: readonly Modality[]
  /** False: what it acknowledged may be gone after a power cut. For benchmarks. */
  durable?: boolean
}

/**
 * Configuration of an Orthanc 1.10 for this machine only. It listens on all interfaces, and knows no setting against that:
 * so HTTP is answered from loopback alone, and DICOM from known AE titles at 127.0.0.1 alone.
 */
function configuration({ dir, aeTitle, dicomPort, httpPort, modalities, durable = true }: OrthancOptions) {
  const known = modalities.map(({ aeTitle: AET, port }) => [
    AET,
    { AET, Host: '127.0.0.1', Port: port, AllowStorageCommitment: true },
  ])
  return {
    Name: aeTitle,
    StorageDirectory: join(dir, 'db'),
    IndexDirectory: join(dir, 'db'),
    Plugins: plugins,
    HttpPort: httpPort,
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    DicomPort: dicomPort,
    DicomAet: aeTitle,
    DicomCheckCalledAet: false,
    DicomCheckModalityHost: true,
    DicomAlwaysAllowEcho: false,
    DicomAlwaysAllowStore: false,
    DicomAlwaysAllowFind: false,
    DicomAlwaysAllowGet: false,
    DicomAlwaysAllowMove: false,
    UnknownSopClassAccepted: true,
    DicomModalities: Object.fromEntries(known) as Record<string, object>,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
    StableAge: 1,
    OverwriteInstances: true,
    DicomThreadsCount: 4,
    SyncStorageArea: durable,
    SaveJobs: false,
    StorageCompression: false,
    // A second of its own between two looks whether to stop.
    JobsEngineThreadsCount: { ResourceModification: 1 },
  }
}

/** Starts the process; it may not listen yet. What it prints goes to `stdio`. */
export async function spawnOrthanc(
  options: OrthancOptions,
  stdio: 'ignore' | 'inherit' = 'ignore',
): Promise<ChildProcess> {
  await mkdir(join(options.dir, 'db'), { recursive: true, mode: 0o700 })
  const file = join(options.dir, 'orthanc.json')
  await writeFile(file, JSON.stringify(configuration(options), null, 2), { mode: 0o600 })
  // Without it Nagle costs 40 ms for every message.
  const env = { ...process.env, TCP_NODELAY: '1' }
  return spawn(program, [file], { stdio: ['ignore', stdio, stdio], env })
}

/** A running Orthanc, and its REST API. */
export class Orthanc implements AsyncDisposable {
  readonly options: OrthancOptions
  readonly url: string
  readonly #process: ChildProcess

  private constructor(options: OrthancOptions, child: ChildProcess) {
    this.options = options
    this.url = `http://127.0.0.1:${options.httpPort}`
    this.#process = child
  }

  static async start(options: OrthancOptions): Promise<Orthanc> {
    const orthanc = new Orthanc(options, await spawnOrthanc(options))
    try {
      await until(() => orthanc.answers(), { timeoutMs: 60_000, what: 'Orthanc answers' })
    } catch (error) {
      await orthanc.stop()
      throw error
    }
    return orthanc
  }

  async answers(): Promise<boolean> {
    if (this.#process.exitCode !== null) throw new Error(`Orthanc ended with ${this.#process.exitCode}`)
    return (await fetch(`${this.url}/system`).catch(() => undefined))?.ok === true
  }

  async call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`)
    const text = await answer.text()
    return (text === '' ? {} : JSON.parse(text)) as T
  }

  /** Its own id of a study, or of what else has this UID. */
  async find(uid: string): Promise<string | undefined> {
    const found = await this.call<{ ID: string }[]>('POST', '/tools/lookup', uid)
    return found[0]?.ID
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill(signal)
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
