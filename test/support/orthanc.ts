import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SampleInstance } from '@twiin/dicom/testing'
import { Orthanc } from '../../scripts/demo-network/orthanc.ts'
import { storeInstances } from '../../scripts/demo-network/store-instances.ts'

/** An Orthanc of one test file: empty, in a folder of its own, gone afterwards. */
export class TestOrthanc implements AsyncDisposable {
  readonly orthanc: Orthanc
  readonly #dir: string

  private constructor(orthanc: Orthanc, dir: string) {
    this.orthanc = orthanc
    this.#dir = dir
  }

  /** `knows`: AE titles at this machine that it answers. */
  static async start(aeTitle: string, knows: readonly string[]): Promise<TestOrthanc> {
    const dir = await mkdtemp(join(tmpdir(), 'twiin-orthanc-'))
    const [dicomPort = 0, httpPort = 0] = await freePorts(2)
    const modalities = [...knows, 'DEMO'].map((known) => ({ aeTitle: known, port: 1 }))
    const orthanc = await Orthanc.start({ dir, aeTitle, dicomPort, httpPort, modalities, durable: false })
    return new TestOrthanc(orthanc, dir)
  }

  /** Where it sends to when asked by this AE title. */
  async knows(aeTitle: string, port: number): Promise<void> {
    await this.orthanc.call('PUT', `/modalities/${aeTitle}`, {
      AET: aeTitle,
      Host: '127.0.0.1',
      Port: port,
      AllowStorageCommitment: true,
    })
  }

  async store(instances: readonly SampleInstance[]): Promise<void> {
    const { aeTitle, dicomPort } = this.orthanc.options
    const to = { host: '127.0.0.1', port: dicomPort, calledAe: aeTitle, callingAe: 'DEMO' }
    const outcomes = await storeInstances(to, instances)
    const failed = outcomes.find(({ status }) => status !== 0)
    if (failed !== undefined) throw new Error(`Orthanc refused an instance: ${failed.status.toString(16)}`)
  }

  /** The file as Orthanc keeps it. */
  async file(sopInstanceUid: string): Promise<Buffer> {
    const id = await this.orthanc.find(sopInstanceUid)
    const answer = await fetch(`${this.orthanc.url}/instances/${id ?? ''}/file`)
    return Buffer.from(await answer.arrayBuffer())
  }

  async remove(studyInstanceUid: string): Promise<void> {
    await this.orthanc.call('DELETE', `/studies/${(await this.orthanc.find(studyInstanceUid)) ?? ''}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.orthanc.stop()
    await rm(this.#dir, { recursive: true, force: true })
  }
}

/** Free a moment ago; held together, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
