import { TwiinError, isTwiinError, silentLogger } from '@twiin/runtime'
import type { Logger, Service } from '@twiin/runtime'
import { Database } from './database.ts'
import type { DiskReserve } from './disk-reserve.ts'
import { GroupCommit } from './group-commit.ts'
import type { WriteOp } from './group-commit.ts'
import { SealedRepository } from './repository.ts'
import type { KeyKind, Repository, StoreOp } from './repository.ts'
import type { Sealer } from './sealer.ts'
import { Turns } from './turns.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

/** Lower case letters, digits and dashes; each is declared once in a process. */
export type BucketName = Lowercase<string>

export interface StoreDeps {
  sealer: Sealer
  /** Its ballast is given up when the database cannot open for want of room. */
  reserve?: DiskReserve
  log?: Logger
}

/** Reads and writes of one `Store.update`. Reads see what is accepted but still on its way to disk. */
export interface Update {
  get<V>(repository: Repository<V>, key: string): Promise<V | undefined>
  put<V>(repository: Repository<V>, key: string, value: V): void
  delete(repository: Repository<unknown>, key: string): void
}

const formatKey = '!format'
const format = 2
const restoredAtOnce = 500

/** The embedded database of a node or registry: sealed values in buckets, every write synced, fsyncs shared. */
export class Store implements Service {
  readonly name = 'store'
  readonly #sealer: Sealer
  readonly #database: Database
  readonly #commits: GroupCommit
  readonly #turns = new Turns()
  readonly #buckets = new Set<string>()

  constructor(options: { dir: string }, deps: StoreDeps) {
    this.#sealer = deps.sealer
    this.#database = new Database(options, { reserve: deps.reserve, log: deps.log ?? silentLogger })
    this.#commits = new GroupCommit((ops) => this.#database.write(ops))
  }

  /** @throws TwiinError WRONG_KEY, STORE_FORMAT, STORE_LOCKED, STORE_BROKEN, OUT_OF_RESOURCES */
  async start(): Promise<void> {
    await this.#database.open()
    try {
      await this.#checkFormat()
    } catch (error) {
      await this.#database.close()
      throw error
    }
  }

  async stop(): Promise<void> {
    await this.#commits.add([]).catch(() => {})
    await this.#database.close()
  }

  /** May be called before `start`. @throws TwiinError BUCKET_TAKEN: two owners would overwrite each other. */
  repository<V>(name: BucketName, options: { keys: KeyKind }): Repository<V> {
    if (!/^[a-z][a-z0-9-]{0,40}$/.test(name)) throw new TwiinError('BUCKET_INVALID', { bucket: name })
    if (this.#buckets.has(name)) throw new TwiinError('BUCKET_TAKEN', { bucket: name })
    this.#buckets.add(name)
    const deps = { sealer: this.#sealer, database: this.#database, commits: this.#commits }
    return new SealedRepository<V>({ bucket: name, keys: options.keys }, deps)
  }

  /** All or nothing, over any repositories of this store; on disk when it resolves. Order of calls is kept. */
  async batch(ops: readonly StoreOp[]): Promise<void> {
    await this.#commits.add(ops)
  }

  /**
   * Read, decide, write, safely at the same time as others: `work` runs when every one of the `turns` (names that the
   * callers agree on) is free, and its writes are stored together. The turns are passed on before the disk is reached,
   * so many updates share one fsync; it resolves when its writes, and those it has read, are on disk. `work` runs
   * again when what it has read turned out not to be stored; it must do nothing but read and write here.
   */
  async update<T>(turns: string | readonly string[], work: (update: Update) => Promise<T>): Promise<T> {
    const names = typeof turns === 'string' ? [turns] : turns
    for (;;) {
      const { result, durable } = await this.#turns.run(names, () => this.#prepare(work))
      try {
        await durable
        return result
      } catch (error) {
        if (!isTwiinError(error, 'WRITE_INTERRUPTED')) throw error
      }
    }
  }

  /**
   * Everything as it stands on disk at this moment, still sealed: for a backup, which opens with the master key only. Writes
   * go on meanwhile and are not in it.
   */
  async *sealedEntries(): AsyncGenerator<readonly [key: string, sealed: Buffer]> {
    await this.#commits.add([])
    yield* this.#database.entries({ gte: '', lt: '\uffff' })
  }

  /**
   * Puts back what `sealedEntries` gave, into a store that holds nothing yet; durable when it resolves.
   * @throws TwiinError STORE_NOT_EMPTY, WRONG_KEY (they were sealed under another master key), STORE_FORMAT
   */
  async restoreSealed(entries: AsyncIterable<readonly [key: string, sealed: Buffer]>): Promise<void> {
    for await (const [key] of this.#database.entries({ gte: '', lt: '\uffff', limit: 2 }))
      if (key !== formatKey) throw new TwiinError('STORE_NOT_EMPTY')
    const ops: WriteOp[] = []
    const write = async () => this.#database.write(ops.splice(0))
    for await (const [key, value] of entries) {
      if (key === formatKey) this.#judgeFormat(value)
      ops.push({ type: 'put', key, value })
      if (ops.length >= restoredAtOnce) await write()
    }
    await write()
  }

  async #prepare<T>(work: (update: Update) => Promise<T>): Promise<{ result: T; durable: Promise<void> }> {
    const basedOn = this.#commits.generation
    const ops: StoreOp[] = []
    const result = await work({
      get: (repository, key) => (repository as SealedRepository<never>).latest(key),
      put: (repository, key, value) => void ops.push(repository.putOp(key, value)),
      delete: (repository, key) => void ops.push(repository.deleteOp(key)),
    })
    return { result, durable: this.#commits.add(ops, basedOn) }
  }

  async #checkFormat(): Promise<void> {
    const sealed = await this.#database.get(formatKey)
    if (sealed === undefined) {
      for await (const _ of this.#database.entries({ gte: '', lt: '\uffff', limit: 1 })) {
        throw new TwiinError('STORE_FORMAT', { found: 'none' })
      }
      const value = this.#sealer.sealValue('format', encodeValue({ format }), formatKey)
      await this.#database.write([{ type: 'put', key: formatKey, value }])
      return
    }
    this.#judgeFormat(sealed)
  }

  #judgeFormat(sealed: Buffer): void {
    let found: { format: number }
    try {
      found = decodeValue(this.#sealer.openValue('format', sealed, formatKey)) as { format: number }
    } catch (cause) {
      // Going on would make every study invisible; the operator has to bring back the right key file.
      throw new TwiinError('WRONG_KEY', {}, { cause })
    }
    if (found.format !== format) throw new TwiinError('STORE_FORMAT', { found: found.format, known: format })
  }
}
