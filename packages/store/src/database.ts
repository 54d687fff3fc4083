import { mkdir } from 'node:fs/promises'
import { Level } from 'level'
import { TwiinError, codeOf } from '@twiin/runtime'
import type { Logger } from '@twiin/runtime'
import { isDiskFull } from './disk-errors.ts'
import type { DiskReserve } from './disk-reserve.ts'
import type { WriteOp } from './group-commit.ts'

type Db = Level<string, Buffer>

export interface KeyRange {
  gte?: string
  gt?: string
  lt: string
  reverse?: boolean
  limit?: number
}

const mebibyte = 1024 * 1024

/** Room that LevelDB needs to open again: its log is written out as tables. */
const roomToOpen = 12 * mebibyte

/**
 * LevelDB with every write synced, and with a way back: after a failed write LevelDB refuses all later ones until it
 * is opened again, which in turn needs room on the disk. So the next operation gives up the ballast and opens again.
 */
export class Database {
  readonly #dir: string
  readonly #reserve: DiskReserve | undefined
  readonly #log: Logger
  #db: Db | undefined
  #failed = false
  #closed = false
  #recovering: Promise<void> | undefined

  constructor(options: { dir: string }, deps: { reserve?: DiskReserve | undefined; log: Logger }) {
    this.#dir = options.dir
    this.#reserve = deps.reserve
    this.#log = deps.log
  }

  /** @throws TwiinError STORE_LOCKED, STORE_BROKEN, OUT_OF_RESOURCES */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    this.#closed = false
    await this.#openWithRoom()
  }

  async #openWithRoom(): Promise<void> {
    try {
      await this.#openOnce()
    } catch (error) {
      if (!isDiskFull(error) || !(await this.#reserve?.releaseBallast())) throw toTwiinError(error)
      await this.#openOnce().catch((again: unknown) => {
        throw toTwiinError(again)
      })
    }
  }

  /** For good: whoever comes late is told so, and opens nothing. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#recovering?.catch(() => {})
    const db = this.#db
    this.#db = undefined
    await db?.close()
  }

  async get(key: string): Promise<Buffer | undefined> {
    return (await this.#readable()).get(key)
  }

  async *entries(range: KeyRange): AsyncGenerator<[string, Buffer]> {
    yield* (await this.#readable()).iterator(range)
  }

  /** All or nothing, on disk when it resolves. */
  async write(ops: WriteOp[]): Promise<void> {
    await this.#recover()
    const db = this.#opened()
    try {
      await db.batch(ops, { sync: true })
    } catch (error) {
      this.#failed = true
      throw toTwiinError(error)
    }
  }

  #opened(): Db {
    if (this.#db === undefined) throw new TwiinError('STORE_CLOSED')
    return this.#db
  }

  /** Reading goes on while writing cannot. */
  async #readable(): Promise<Db> {
    await this.#recover().catch(() => {})
    return this.#opened()
  }

  #recover(): Promise<void> {
    if (!this.#failed || this.#closed) return Promise.resolve()
    this.#recovering ??= this.#reopen().finally(() => (this.#recovering = undefined))
    return this.#recovering
  }

  async #reopen(): Promise<void> {
    if (this.#db !== undefined) {
      await this.#reserve?.releaseBallast()
      const free = await this.#reserve?.free()
      if (free !== undefined && free < roomToOpen) throw new TwiinError('OUT_OF_RESOURCES', { free })
      await this.#db.close()
      this.#db = undefined
    }
    await this.#openWithRoom()
    this.#failed = false
    this.#log.warn('store-reopened', {})
  }

  async #openOnce(): Promise<void> {
    const db: Db = new Level(this.#dir, {
      keyEncoding: 'utf8',
      valueEncoding: 'buffer',
      // sealed values do not compress
      compression: false,
      cacheSize: 32 * mebibyte,
      writeBufferSize: 4 * mebibyte,
    })
    await db.open()
    this.#db = db
  }
}

function toTwiinError(error: unknown): Error {
  if (isDiskFull(error)) return new TwiinError('OUT_OF_RESOURCES', {}, { cause: error })
  const inner = error instanceof Error ? codeOf(error.cause) : 'UNEXPECTED'
  if (inner === 'LEVEL_LOCKED') return new TwiinError('STORE_LOCKED', {}, { cause: error })
  return new TwiinError('STORE_BROKEN', { reason: codeOf(error) }, { cause: error })
}
