import { TwiinError } from '@twiin/runtime'
import type { Database, KeyRange } from './database.ts'
import type { GroupCommit, WriteOp } from './group-commit.ts'
import type { Sealer } from './sealer.ts'
import { decodeValue, encodeValue } from './value-codec.ts'

/** A write, sealed and ready; made by a repository, taken by `Store.batch`. */
export type StoreOp = WriteOp & { readonly __storeOp?: never }

export interface EntryRange {
  /** Only keys that begin so. Not for keyed repositories. */
  prefix?: string
  /** Continue behind this key (before it, when `reverse`); it need not exist. */
  after?: string
  limit?: number
  reverse?: boolean
}

/**
 * How keys stand on disk. `plain-opaque`: as they are; the caller guarantees that they tell nothing (random, time or
 * keyed ids). `keyed`: as an HMAC; for keys that mean something, found by exact lookup only.
 */
export type KeyKind = 'plain-opaque' | 'keyed'

/** Sealed values under keys. Writes resolve when they are on disk. */
export interface Repository<V> {
  get(key: string): Promise<V | undefined>
  has(key: string): Promise<boolean>
  put(key: string, value: V): Promise<void>
  delete(key: string): Promise<void>
  /** In key order; a keyed repository yields its keys as they stand on disk. */
  entries(range?: EntryRange): AsyncIterable<[key: string, value: V]>
  putOp(key: string, value: V): StoreOp
  deleteOp(key: string): StoreOp
}

const plainKey = /^[0-9A-Za-z._:/-]{1,200}$/

export class SealedRepository<V> implements Repository<V> {
  readonly #bucket: string
  readonly #keys: KeyKind
  readonly #sealer: Sealer
  readonly #database: Database
  readonly #commits: GroupCommit

  constructor(
    options: { bucket: string; keys: KeyKind },
    deps: { sealer: Sealer; database: Database; commits: GroupCommit },
  ) {
    this.#bucket = options.bucket
    this.#keys = options.keys
    this.#sealer = deps.sealer
    this.#database = deps.database
    this.#commits = deps.commits
  }

  async get(key: string): Promise<V | undefined> {
    const place = this.#place(key)
    const sealed = await this.#database.get(place)
    return sealed === undefined ? undefined : this.#open(place, sealed)
  }

  /** The newest value, also when it is still on its way to disk: to compute the next one from, never to be shown. */
  async latest(key: string): Promise<V | undefined> {
    const place = this.#place(key)
    const op = this.#commits.onItsWay(place)
    if (op === undefined) return this.get(key)
    return op.type === 'put' ? this.#open(place, op.value) : undefined
  }

  async has(key: string): Promise<boolean> {
    return (await this.#database.get(this.#place(key))) !== undefined
  }

  async put(key: string, value: V): Promise<void> {
    await this.#commits.add([this.putOp(key, value)])
  }

  async delete(key: string): Promise<void> {
    await this.#commits.add([this.deleteOp(key)])
  }

  async *entries(range: EntryRange = {}): AsyncGenerator<[string, V]> {
    const start = `${this.#bucket}!`
    for await (const [place, sealed] of this.#database.entries(this.#keyRange(range))) {
      yield [place.slice(start.length), this.#open(place, sealed)]
    }
  }

  putOp(key: string, value: V): StoreOp {
    const place = this.#place(key)
    return { type: 'put', key: place, value: this.#sealer.sealValue(this.#bucket, encodeValue(value), place) }
  }

  deleteOp(key: string): StoreOp {
    return { type: 'del', key: this.#place(key) }
  }

  #open(place: string, sealed: Buffer): V {
    return decodeValue(this.#sealer.openValue(this.#bucket, sealed, place)) as V
  }

  #place(key: string): string {
    if (this.#keys === 'keyed') return `${this.#bucket}!${this.#sealer.opaque(`key:${this.#bucket}`, key)}`
    // no key in the error: whoever passes a wrong one may have passed a patient number
    if (!plainKey.test(key)) throw new TwiinError('KEY_INVALID', { bucket: this.#bucket })
    return `${this.#bucket}!${key}`
  }

  #keyRange({ prefix = '', after, limit = -1, reverse = false }: EntryRange): KeyRange {
    if (prefix !== '' && this.#keys === 'keyed') throw new TwiinError('KEY_INVALID', { bucket: this.#bucket })
    const start = `${this.#bucket}!`
    const range = { gte: start + prefix, lt: `${start}${prefix}\uffff`, limit, reverse }
    if (after === undefined) return range
    if (reverse) return { ...range, lt: start + after }
    return { gt: start + after, lt: range.lt, limit, reverse }
  }
}
