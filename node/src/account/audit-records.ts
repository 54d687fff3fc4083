import type { AuditRecords } from '@twiin/audit'
import type { Repository, Store } from '@twiin/store'

/** The audit log's lines in the node's sealed store, in the order of their numbers. */
export class StoredAuditRecords implements AuditRecords {
  readonly #store: Store
  readonly #lines: Repository<Uint8Array>

  constructor(deps: { store: Store; lines: Repository<Uint8Array> }) {
    this.#store = deps.store
    this.#lines = deps.lines
  }

  async put(records: readonly { seq: number; value: Uint8Array }[]): Promise<void> {
    await this.#store.batch(records.map(({ seq, value }) => this.#lines.putOp(keyOf(seq), value)))
  }

  async *scan(from: number): AsyncGenerator<{ seq: number; value: Uint8Array }> {
    const range = from > 0 ? { after: keyOf(from - 1) } : {}
    for await (const [key, value] of this.#lines.entries(range)) yield { seq: Number(key), value }
  }

  async last(): Promise<{ seq: number; value: Uint8Array } | undefined> {
    for await (const [key, value] of this.#lines.entries({ reverse: true, limit: 1 }))
      return { seq: Number(key), value }
    return undefined
  }
}

const keyOf = (seq: number) => String(seq).padStart(16, '0')
