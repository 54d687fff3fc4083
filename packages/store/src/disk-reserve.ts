import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { syncFolder } from './durable-file.ts'

const mebibyte = 1024 * 1024

export interface DiskReserveOptions {
  /** Any folder on the disk to guard; the ballast file stands in it. */
  dir: string
  /** Bytes that intake must leave free. Default 512 MiB. */
  reserveBytes?: number
  /** Bytes set aside for the emergency that the disk is full all the same. Default 64 MiB. */
  ballastBytes?: number
}

/**
 * Keeps the disk from becoming full, for a full disk takes LevelDB down and keeps it down: intake stops while there is
 * still `reserveBytes`, and a ballast file can be given up so that the database opens again. While the ballast is
 * missing nothing is admitted; it comes back by itself as soon as there is room for it.
 */
export class DiskReserve implements Service {
  readonly name = 'disk-reserve'
  readonly #dir: string
  readonly #ballast: string
  readonly #reserveBytes: number
  readonly #ballastBytes: number
  readonly #log: Logger
  #restoring: Promise<boolean> | undefined
  #intact = false

  constructor(options: DiskReserveOptions, deps: { log: Logger }) {
    this.#dir = options.dir
    this.#ballast = join(options.dir, 'ballast')
    this.#reserveBytes = options.reserveBytes ?? 512 * mebibyte
    this.#ballastBytes = options.ballastBytes ?? 64 * mebibyte
    this.#log = deps.log
  }

  /** Never fails for want of room: a node must also start on a full disk. */
  async start(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    // Half a ballast from an interrupted start would take the room that the whole one needs.
    await unlink(`${this.#ballast}.tmp`).catch(() => {})
    const size = await stat(this.#ballast).then(
      (found) => found.size,
      () => 0,
    )
    this.#intact = size === this.#ballastBytes
    if (!this.#intact && !(await this.#restore())) this.#log.error('disk-ballast-missing', {})
  }

  /** False while the emergency lasts: raise the alarm. */
  get ballastIntact(): boolean {
    return this.#intact
  }

  /** Bytes that this process may still write. */
  async free(): Promise<number> {
    const disk = await statfs(this.#dir)
    return disk.bavail * disk.bsize
  }

  /** Whether `bytes` more leave the reserve untouched. */
  async admits(bytes: number): Promise<boolean> {
    if (!this.#intact && !(await this.#restore())) return false
    return (await this.free()) - bytes >= this.#reserveBytes
  }

  /** @throws TwiinError OUT_OF_RESOURCES */
  async require(bytes: number): Promise<void> {
    if (!(await this.admits(bytes))) throw new TwiinError('OUT_OF_RESOURCES', { bytes })
  }

  /** Gives up the ballast; false when it was already gone. */
  async releaseBallast(): Promise<boolean> {
    this.#intact = false
    try {
      await unlink(this.#ballast)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
    await syncFolder(this.#dir)
    this.#log.error('disk-full-ballast-released', { bytes: this.#ballastBytes })
    return true
  }

  #restore(): Promise<boolean> {
    this.#restoring ??= this.#writeBallast().finally(() => (this.#restoring = undefined))
    return this.#restoring
  }

  async #writeBallast(): Promise<boolean> {
    if ((await this.free()) < this.#ballastBytes + this.#reserveBytes) return false
    const temporary = `${this.#ballast}.tmp`
    try {
      const file = await open(temporary, 'w', 0o600)
      try {
        // Random, for zeros take no room on a disk that compresses or leaves holes.
        const piece = randomBytes(Math.min(mebibyte, this.#ballastBytes))
        for (let left = this.#ballastBytes; left > 0; left -= piece.length) {
          await file.appendFile(piece.subarray(0, Math.min(left, piece.length)))
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#ballast)
      await syncFolder(this.#dir)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      this.#log.warn('disk-ballast-not-written', { reason: codeOf(error) })
      return false
    }
    this.#intact = true
    return true
  }
}
