import { scopeKey } from '@twiin/consent'
import type { ConsentRecord } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'

/** What patients said about their images, as recorded at this hospital. No record means no (spec 08). */
export class ConsentBook {
  readonly #store: Store
  readonly #records: Repository<ConsentRecord[]>
  readonly #clock: Clock
  readonly #listeners: ((bsn: Bsn) => void)[] = []

  constructor(deps: { store: Store; records: Repository<ConsentRecord[]>; clock: Clock }) {
    this.#store = deps.store
    this.#records = deps.records
    this.#clock = deps.clock
  }

  async of(bsn: Bsn): Promise<readonly ConsentRecord[]> {
    return (await this.#records.get(bsn)) ?? []
  }

  /** Durable when it resolves; from then on every decision goes by it. The audit log has the history. */
  async record(bsn: Bsn, record: Omit<ConsentRecord, 'recordedAt' | 'source'>): Promise<ConsentRecord> {
    const entry: ConsentRecord = { ...record, recordedAt: this.#clock.now(), source: 'local' }
    await this.#store.update(`consent ${bsn}`, async (update) => {
      const before = (await update.get(this.#records, bsn)) ?? []
      const others = before.filter((one) => !isReplacedBy(one, entry))
      update.put(this.#records, bsn, [...others, entry])
    })
    for (const listener of this.#listeners) listener(bsn)
    return entry
  }

  onChange(listener: (bsn: Bsn) => void): void {
    this.#listeners.push(listener)
  }
}

/** What one source said of a scope never takes the place of what another said of it. */
const isReplacedBy = (one: ConsentRecord, other: ConsentRecord) =>
  one.source === other.source && scopeKey(one.scope) === scopeKey(other.scope)
