import { mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '@twiin/runtime'
import type { Sealer } from '@twiin/store'
import type { Owner } from './records.ts'

/** How long an interrupted reception waits for its sender. */
const partialLifetime = 7 * 24 * 3600 * 1000
/** What interrupted receptions of one hospital may take of our disk: 8 GiB. */
const defaultQuotaBytes = 8 * 2 ** 30
/** What the smallest one counts for, so that there is an end to their number as well. */
const leastBytes = 64 * 1024

interface Left {
  bytes: number
  at: number
}

/**
 * Receptions that were interrupted and can go on, `partial/<HMAC of the owner>/<HMAC of the name>`. When one owner's take
 * more than the quota the oldest go: their sender begins these anew, and nobody is kept out. One that is open is not here.
 */
export class PartialFiles {
  readonly #dir: string
  readonly #quotaBytes: number
  readonly #sealer: Sealer
  /** By folder. */
  readonly #left = new Map<string, LeftFiles>()

  constructor(options: { dir: string; partialQuotaBytes?: number }, deps: { sealer: Sealer }) {
    this.#dir = join(options.dir, 'partial')
    this.#quotaBytes = options.partialQuotaBytes ?? defaultQuotaBytes
    this.#sealer = deps.sealer
  }

  /** Finds what the last run left. */
  async prepare(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    const found: [string, Left][] = []
    for (const entry of await readdir(this.#dir, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const { size, mtimeMs } = await stat(path)
      found.push([path, { bytes: size, at: mtimeMs }])
    }
    for (const [path, left] of found.sort(([, a], [, b]) => a.at - b.at)) this.#ofFolder(path).set(path, left)
  }

  /** Where a reception of this name stands; from now on it is open. */
  async take(owner: Owner, resumeAs: string): Promise<string> {
    const folder = join(this.#dir, this.#sealer.opaque('partial owner', owner))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, this.#sealer.opaque('partial', resumeAs))
    this.#ofFolder(path).delete(path)
    return path
  }

  /** It is closed, and waits for its sender. */
  async leave(path: string, bytes: number, now: number): Promise<void> {
    const left = this.#ofFolder(path)
    left.set(path, { bytes, at: now })
    while (left.bytes > this.#quotaBytes && left.oldest !== undefined) await this.#remove(left, left.oldest)
  }

  /** Returns how many were given up. */
  async sweep(now: number): Promise<number> {
    let removed = 0
    for (const left of this.#left.values()) {
      for (const [path, { at }] of left.entries()) {
        if (at > now - partialLifetime) continue
        await this.#remove(left, path)
        removed++
      }
    }
    return removed
  }

  async #remove(left: LeftFiles, path: string): Promise<void> {
    left.delete(path)
    await unlink(path).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
  }

  #ofFolder(path: string): LeftFiles {
    const folder = dirname(path)
    const known = this.#left.get(folder) ?? new LeftFiles()
    this.#left.set(folder, known)
    return known
  }
}

/** Of one owner, the oldest first, with their sum. */
class LeftFiles {
  readonly #files = new Map<string, Left>()
  bytes = 0

  set(path: string, file: Left): void {
    this.delete(path)
    this.#files.set(path, file)
    this.bytes += Math.max(file.bytes, leastBytes)
  }

  delete(path: string): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    this.#files.delete(path)
    this.bytes -= Math.max(file.bytes, leastBytes)
  }

  entries(): Iterable<[string, Left]> {
    return this.#files.entries()
  }

  get oldest(): string | undefined {
    return this.#files.keys().next().value
  }
}
