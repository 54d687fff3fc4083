import { mkdir, readdir, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import { SealedBlobReader, syncFolder } from '@twiin/store'
import type { Sealer } from '@twiin/store'
import { PartialFiles } from './partial-files.ts'

const blobName = /^[0-9a-f]{32}$/

/**
 * Where the bytes stand. `partial/` holds receptions that can be resumed, `incoming/` what is being received or was
 * just catalogued, `blobs/` the rest. A file moves out of `incoming` after its catalogue record is on disk; so at start
 * only `incoming` has to be compared with the catalogue, however large the holdings are, and a blob that is settled is
 * never looked at with an eye to deleting it.
 */
export class InstanceFiles {
  readonly #dir: string
  readonly #sealer: Sealer
  readonly incoming: SharedFolderSync
  readonly partials: PartialFiles

  constructor(options: { dir: string; partialQuotaBytes?: number }, deps: { sealer: Sealer }) {
    this.#dir = options.dir
    this.#sealer = deps.sealer
    this.partials = new PartialFiles(options, deps)
    this.incoming = new SharedFolderSync(join(options.dir, 'incoming'))
  }

  async prepare(): Promise<void> {
    for (const folder of ['incoming', 'blobs']) {
      await mkdir(join(this.#dir, folder), { recursive: true, mode: 0o700 })
    }
    await this.partials.prepare()
    await syncFolder(this.#dir)
  }

  incomingPath(blob: string): string {
    return join(this.#dir, 'incoming', blob)
  }

  /** A finished partial file, durably under its blob's name. */
  async partialToIncoming(path: string, blob: string): Promise<void> {
    await rename(path, this.incomingPath(blob))
    await Promise.all([this.incoming.sync(), syncFolder(dirname(path))])
  }

  /** After the catalogue has it. Need not be durable: `sweep` repeats it. */
  async settle(blob: string): Promise<void> {
    const target = this.#settledPath(blob)
    try {
      await rename(this.incomingPath(blob), target)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await rename(this.incomingPath(blob), target)
    }
  }

  /** After it turned out superfluous. */
  async drop(blob: string): Promise<void> {
    await unlink(this.incomingPath(blob))
  }

  /** @throws TwiinError BLOB_MISSING, SEAL_BROKEN */
  async open(blob: string): Promise<SealedBlobReader> {
    // Settled, or not yet, or settled while we looked.
    for (const path of [this.#settledPath(blob), this.incomingPath(blob), this.#settledPath(blob)]) {
      try {
        return await SealedBlobReader.open(path, Buffer.from(blob, 'hex'), this.#sealer)
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
      }
    }
    throw new TwiinError('BLOB_MISSING', { blob })
  }

  /** What a crash left behind: settles what is catalogued, removes what never counted. */
  async sweep(isCatalogued: (blob: string) => Promise<boolean>, now: number): Promise<Swept> {
    const swept = { settled: 0, removed: 0 }
    for (const name of await readdir(join(this.#dir, 'incoming'))) {
      if (blobName.test(name) && (await isCatalogued(name))) {
        await this.settle(name)
        swept.settled++
      } else {
        await unlink(join(this.#dir, 'incoming', name))
        swept.removed++
      }
    }
    swept.removed += await this.partials.sweep(now)
    return swept
  }

  #settledPath(blob: string): string {
    return join(this.#dir, 'blobs', blob.slice(0, 2), blob)
  }
}

export interface Swept {
  settled: number
  removed: number
}

/** One fsync of a folder for all who wait for one. */
class SharedFolderSync {
  readonly #folder: string
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Resolves after an fsync that began after this call. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#start()
      })
    return this.#next
  }

  #start(): Promise<void> {
    const run = syncFolder(this.#folder).finally(() => {
      if (this.#running === run) this.#running = undefined
    })
    this.#running = run
    return run
  }
}
