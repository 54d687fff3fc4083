import { readFile, rm } from 'node:fs/promises'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiClient } from '../demo-network/api-client.ts'
import { ChildProcesses } from '../demo-network/child-processes.ts'
import { DemoFolder } from '../demo-network/demo-state.ts'
import { ShareServices } from '../demo-network/share-channels.ts'
import type { Network, NetworkHospital } from '../demo-network/network-file.ts'
import { startNetwork } from '../demo-network/start-network.ts'
import { until } from '../demo-network/until.ts'
import { patientBsn } from './study-files.ts'

interface Search {
  complete: boolean
  studies: { studyInstanceUid: string | null; holder: string; instances: number | null; local: boolean }[]
}

/** A registry and two enrolled nodes, each its own process, exactly as `scripts/demo` starts them; removed at the end. */
export class TwoHospitals implements AsyncDisposable {
  readonly dir: string
  readonly #network: Network
  readonly #stop: () => Promise<void>

  private constructor(options: { dir: string; network: Network }, stop: () => Promise<void>) {
    this.dir = options.dir
    this.#network = options.network
    this.#stop = stop
  }

  /** `profileDir`: every process leaves a CPU profile there when it ends. `withShares`: patients can be given links. */
  static async start(
    options: { profileDir?: string | undefined; withShares?: boolean },
    signal: AbortSignal,
  ): Promise<TwoHospitals> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-bench-'))
    const folder = await DemoFolder.open(dir)
    const failed = new AbortController()
    const processes = new ChildProcesses(
      { logDir: join(dir, 'logs') },
      { onGone: (death) => failed.abort(death) },
    )
    const shares = options.withShares === true ? await ShareServices.start(dir) : undefined
    const stop = async () => {
      await processes.stop()
      await shares?.close()
      await folder[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    }
    const before = process.env['NODE_OPTIONS']
    if (options.profileDir !== undefined)
      process.env['NODE_OPTIONS'] = `${before ?? ''} --cpu-prof --cpu-prof-dir=${options.profileDir}`
    try {
      const deps = { folder, processes, tell: () => {}, signal: AbortSignal.any([signal, failed.signal]) }
      const network = await startNetwork(
        { hospitals: 2, empty: true, ...(shares !== undefined && { shares }) },
        deps,
      )
      return new TwoHospitals({ dir, network }, stop)
    } catch (error) {
      await stop()
      throw error
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS']
      else process.env['NODE_OPTIONS'] = before
    }
  }

  /** Where studies are stored. */
  get holder(): NetworkHospital {
    return this.#hospital(0)
  }

  /** Where they are fetched to. */
  get receiver(): NetworkHospital {
    return this.#hospital(1)
  }

  /** The patient of the bench agrees. */
  async permit(): Promise<void> {
    using holder = await this.#api(this.holder, 'operator')
    await holder.call('PUT', '/api/v1/consents', { bsn: patientBsn, decision: 'permit' })
  }

  /** Waits until the receiver finds the whole study; resolves with what a retrieval takes. */
  async find(studyInstanceUid: string, instances: number) {
    using radiologist = await this.#api(this.receiver, 'radiologist')
    const purpose = { basis: 'treatment', reason: 'bench' }
    return await until(
      async () => {
        const { id } = await radiologist.call<{ id: string }>('POST', '/api/v1/patient-searches', {
          bsn: patientBsn,
          purpose,
        })
        const { studies } = await until(
          async () => {
            const search = await radiologist.call<Search>('GET', `/api/v1/patient-searches/${id}`)
            return search.complete && search
          },
          { timeoutMs: 20_000, what: 'search is complete' },
        )
        const study = studies.find((row) => row.studyInstanceUid === studyInstanceUid && !row.local)
        return (
          study?.instances === instances && {
            searchId: id,
            studyInstanceUid,
            holder: study.holder,
            destination: 'viewer',
          }
        )
      },
      { timeoutMs: 20_000, what: 'study is found' },
    )
  }

  /** From the radiologist's request until the last instance is durable at the receiver; seconds. */
  async retrieve(order: object): Promise<number> {
    using radiologist = await this.#api(this.receiver, 'radiologist')
    const began = performance.now()
    const { id } = await radiologist.call<{ id: string }>('POST', '/api/v1/retrievals', order)
    const { state, reason } = await until(
      async () => {
        const now = await radiologist.call<{ state: string; reason?: string }>(
          'GET',
          `/api/v1/retrievals/${id}`,
        )
        return ['delivered', 'failed', 'held'].includes(now.state) && now
      },
      { timeoutMs: 60_000, what: 'study is here' },
    )
    if (state !== 'delivered') throw new Error(`retrieval ${state} ${reason ?? ''}`)
    return (performance.now() - began) / 1000
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }

  #hospital(index: number): NetworkHospital {
    const hospital = this.#network.hospitals[index]
    if (hospital === undefined) throw new Error(`no hospital ${index}`)
    return hospital
  }

  async #api({ web }: NetworkHospital, role: 'radiologist' | 'operator'): Promise<ApiClient> {
    return new ApiClient({ url: web.url, ca: await readFile(web.caFile, 'utf8'), token: web.tokens[role] })
  }
}
