import { createHash } from 'node:crypto'
import { mkdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import { SealedBlobReader, SealedBlobWriter } from '@twiin/store'
import type { DiskReserve, Sealer } from '@twiin/store'
import type { InstanceRecord } from '@twiin/study-store'

export interface ArchiveCacheOptions {
  dir: string
  quotaBytes: number
  /** After its last use a study is dropped. */
  keepMs: number
}

interface Deps {
  sealer: Sealer
  reserve: DiskReserve
  clock: Clock
  log: Logger
  random: (bytes: number) => Uint8Array
}

/** A whole study that was fetched. */
export interface CachedStudy {
  studyInstanceUid: string
  instances: readonly InstanceRecord[]
}

const blobPrefix = 'archive-'
/** Who reads a study now would have to fetch it again. */
const inUseMs = 60_000
const admissionStep = 8 * 1024 * 1024
const sweepMs = 60_000

/**
 * What was fetched from the archive, for a while: sealed, bounded, and empty after every start (spec 18 §5). The archive
 * has it all, so nothing here is a promise to anybody.
 */
export class ArchiveCache implements Service {
  readonly name = 'archive cache'
  readonly #options: ArchiveCacheOptions
  readonly #deps: Deps
  /** By UID, least recently used first. */
  readonly #studies = new Map<string, CachedStudy & { usedAt: number; bytes: number }>()
  readonly #stopped = new AbortController()
  /** Of what is being written too. */
  #bytes = 0

  constructor(options: ArchiveCacheOptions, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    await rm(this.#options.dir, { recursive: true, force: true })
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
    void this.#sweep(this.#stopped.signal)
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
  }

  get bytes(): number {
    return this.#bytes
  }

  get studies(): number {
    return this.#studies.size
  }

  /** The study, when it is here; this counts as a use. */
  get(studyInstanceUid: string): CachedStudy | undefined {
    const study = this.#studies.get(studyInstanceUid)
    if (study === undefined) return undefined
    study.usedAt = this.#deps.clock.now()
    this.#studies.delete(studyInstanceUid)
    this.#studies.set(studyInstanceUid, study)
    return study
  }

  instance(sopInstanceUid: string): InstanceRecord | undefined {
    for (const { instances } of this.#studies.values())
      for (const instance of instances) if (instance.sopInstanceUid === sopInstanceUid) return instance
    return undefined
  }

  async put(study: CachedStudy): Promise<void> {
    await this.drop(study.studyInstanceUid)
    const bytes = study.instances.reduce((sum, { size }) => sum + size, 0)
    this.#studies.set(study.studyInstanceUid, { ...study, bytes, usedAt: this.#deps.clock.now() })
  }

  async drop(studyInstanceUid: string): Promise<void> {
    const study = this.#studies.get(studyInstanceUid)
    if (study === undefined) return
    this.#studies.delete(studyInstanceUid)
    for (const { blob, size } of study.instances) await this.remove(blob, size)
  }

  /** A blob that belongs to no study. */
  async remove(blob: string, size: number): Promise<void> {
    this.#bytes -= size
    await unlink(this.#pathOf(blob)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') this.#deps.log.warn('cached blob not removed', { code: codeOf(error) })
    })
  }

  /** Throws OUT_OF_RESOURCES. */
  async create(): Promise<CacheWriter> {
    const { sealer, reserve, random } = this.#deps
    await reserve.require(admissionStep)
    const id = random(16)
    const blob = blobPrefix + Buffer.from(id).toString('hex')
    const writer = await SealedBlobWriter.create(this.#pathOf(blob), id, sealer)
    return new CacheWriter(blob, writer, {
      admit: (bytes) => this.#admit(bytes),
      requireDisk: () => reserve.require(admissionStep),
      giveBack: (bytes) => void (this.#bytes -= bytes),
    })
  }

  isCached({ blob }: Pick<InstanceRecord, 'blob'>): boolean {
    return blob.startsWith(blobPrefix)
  }

  /** Throws BLOB_MISSING when it was dropped, SEAL_BROKEN, RANGE_INVALID. */
  async *read(
    { blob, size }: { blob: string; size: number },
    range: { offset?: number; length?: number } = {},
  ): AsyncGenerator<Buffer> {
    const id = Buffer.from(blob.slice(blobPrefix.length), 'hex')
    const reader = await SealedBlobReader.open(this.#pathOf(blob), id, this.#deps.sealer).catch(
      (cause: unknown) => {
        throw codeOf(cause) === 'ENOENT' ? new TwiinError('BLOB_MISSING', { blob }, { cause }) : cause
      },
    )
    try {
      if (reader.length !== size) throw new TwiinError('SEAL_BROKEN', { blob })
      yield* reader.stream(range)
    } finally {
      await reader.close()
    }
  }

  /** Makes room; throws ARCHIVE_FULL when what is in use, and what comes in, needs it all. */
  async #admit(bytes: number): Promise<void> {
    const { clock } = this.#deps
    for (const study of [...this.#studies.values()]) {
      if (this.#bytes + bytes <= this.#options.quotaBytes) break
      if (clock.now() - study.usedAt >= inUseMs) await this.drop(study.studyInstanceUid)
    }
    if (this.#bytes + bytes > this.#options.quotaBytes)
      throw new TwiinError('ARCHIVE_FULL', { quotaBytes: this.#options.quotaBytes })
    this.#bytes += bytes
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    for (;;) {
      await clock.sleep(sweepMs, signal).catch(() => {})
      if (signal.aborted) return
      for (const study of [...this.#studies.values()])
        if (clock.now() - study.usedAt > this.#options.keepMs) await this.drop(study.studyInstanceUid)
    }
  }

  #pathOf(blob: string): string {
    return join(this.#options.dir, blob)
  }
}

interface Room {
  admit: (bytes: number) => Promise<void>
  requireDisk: () => Promise<void>
  giveBack: (bytes: number) => void
}

/** One instance on its way into the cache. */
export class CacheWriter {
  readonly blob: string
  readonly #writer: SealedBlobWriter
  readonly #room: Room
  readonly #hash = createHash('sha256')
  #admitted = admissionStep

  constructor(blob: string, writer: SealedBlobWriter, room: Room) {
    this.blob = blob
    this.#writer = writer
    this.#room = room
  }

  get size(): number {
    return this.#writer.length
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#room.admit(chunk.length)
    try {
      if (this.size + chunk.length > this.#admitted) {
        await this.#room.requireDisk()
        this.#admitted = this.size + chunk.length + admissionStep
      }
      await this.#writer.write(chunk)
    } catch (error) {
      this.#room.giveBack(chunk.length)
      throw error
    }
    this.#hash.update(chunk)
  }

  head(length: number): Promise<Buffer> {
    return this.#writer.readBack(length)
  }

  /** SHA-256 of all of it. */
  async finish(): Promise<Buffer> {
    await this.#writer.finish()
    return this.#hash.digest()
  }

  async discard(): Promise<void> {
    this.#room.giveBack(this.size)
    await this.#writer.discard()
  }
}
