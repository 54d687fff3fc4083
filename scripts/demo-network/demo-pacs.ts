/**
 * A PACS that takes everything, for the demo and the tests: any calling AE title, SOP class and transfer syntax.
 * One file an instance in DIR, written beside it and renamed before Success; the data set is what came over the wire.
 * Beside DIR, `pacs.log` gets a line for every instance that was acknowledged, so that a second arrival shows.
 *
 * demo-pacs.ts HOST PORT AE-TITLE DIR
 */
import { createHash, randomUUID } from 'node:crypto'
import { appendFile, mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { part10Header } from '@twiin/dicom'
import { DimseServer, dimseStatus } from '@twiin/dimse'
import type { StoreProvider, StoreRequest, StoreSink, StoreStatus } from '@twiin/dimse'
import { createLogger } from '@twiin/runtime'

/** One line of pacs.log. */
export interface Arrival {
  at: string
  sopInstanceUid: string
  /** Of the data set. */
  bytes: number
  sha256: string
}

interface Place {
  dir: string
  temporary: string
  /** The log of arrivals. */
  arrivals: string
}

class IncomingFile implements StoreSink {
  readonly #request: StoreRequest
  readonly #place: Place
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')
  #bytes = 0

  private constructor(request: StoreRequest, place: Place, file: FileHandle) {
    this.#request = request
    this.#place = place
    this.#file = file
  }

  static async open(request: StoreRequest, dir: string): Promise<IncomingFile> {
    const beside = dirname(dir)
    const temporary = join(beside, 'pacs-incoming', randomUUID())
    const file = await open(temporary, 'wx')
    await file.write(part10Header({ ...request, sourceAe: request.association.callingAe }))
    return new IncomingFile(request, { dir, temporary, arrivals: join(beside, 'pacs.log') }, file)
  }

  async write(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk)
    this.#bytes += chunk.length
    await this.#file.writeFile(chunk)
  }

  async finish(): Promise<StoreStatus> {
    const { sopInstanceUid } = this.#request
    const { dir, temporary, arrivals } = this.#place
    await this.#file.sync()
    await this.#file.close()
    const arrival: Arrival = {
      at: new Date().toISOString(),
      sopInstanceUid,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
    }
    await appendFile(arrivals, `${JSON.stringify(arrival)}\n`)
    // A validated UID has only digits and dots: no path can be made of it.
    await rename(temporary, join(dir, `${sopInstanceUid}.dcm`))
    await syncFolder(dir)
    return dimseStatus.success
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => {})
    await rm(this.#place.temporary, { force: true })
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir)
  await folder.sync()
  await folder.close()
}

const [host = '', port = '', aeTitle = '', folder = ''] = process.argv.slice(2)
const dir = resolve(folder)
await rm(join(dirname(dir), 'pacs-incoming'), { recursive: true, force: true })
await mkdir(join(dirname(dir), 'pacs-incoming'), { recursive: true })
await mkdir(dir, { recursive: true })

const log = createLogger({}, { app: 'demo-pacs', aeTitle })
const provider: StoreProvider = {
  admit: ({ calledAe }) => (calledAe === aeTitle ? 'accept' : 'called-ae-not-recognized'),
  openStore: (request) => IncomingFile.open(request, dir),
}
const limits = { maxAssociationsPerAddress: 64 }
const server = new DimseServer({ host, port: Number(port), limits }, { provider, log })
await server.start()
const stop = () => void server.stop().then(() => process.exit(0))
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
