import { scopeKey } from '@twiin/consent'
import type { ConsentRecord } from '@twiin/consent'
import type { Bsn } from '@twiin/patient-token'
import type { Clock } from '@twiin/runtime'
import type { Repository, Store } from '@twiin/store'

/** More of what was replaced nobody reads; the audit log has everything. */
const mostReplaced = 200

/** What patients said about their images, as recorded at this hospital. No record means no (spec 08). */
export class ConsentBook {
  readonly #store: Store
  readonly #records: Repository<ConsentRecord[]>
  readonly #history: Repository<ConsentRecord[]>
  readonly #clock: Clock
  readonly #listeners: ((bsn: Bsn) => void)[] = []

  constructor(deps: {
    store: Store
    records: Repository<ConsentRecord[]>
    history: Repository<ConsentRecord[]>
    clock: Clock
  }) {
    this.#store = deps.store
    this.#records = deps.records
    this.#history = deps.history
    this.#clock = deps.clock
  }

  /** All that may count; which of them do is for `recordsInForce` to say. */
  async of(bsn: Bsn): Promise<readonly ConsentRecord[]> {
    return (await this.#records.get(bsn)) ?? []
  }

  /** What others took the place of, newest first. */
  async historyOf(bsn: Bsn): Promise<readonly ConsentRecord[]> {
    return (await this.#history.get(bsn)) ?? []
  }

  /** Durable when it resolves; from then on every decision goes by it. The audit log has the history. */
  async record(bsn: Bsn, record: Omit<ConsentRecord, 'recordedAt' | 'source'>): Promise<ConsentRecord> {
    const entry = await this.#store.update(`consent ${bsn}`, async (update) => {
      const before = (await update.get(this.#records, bsn)) ?? []
      const entry = recorded(record, before, this.#clock.now())
      const replaced = before.filter((one) => isReplacedBy(one, entry))
      update.put(this.#records, bsn, [...before.filter((one) => !isReplacedBy(one, entry)), entry])
      const history = (await update.get(this.#history, bsn)) ?? []
      if (replaced.length > 0)
        update.put(this.#history, bsn, [...replaced, ...history].slice(0, mostReplaced))
      return entry
    })
    for (const listener of this.#listeners) listener(bsn)
    return entry
  }

  onChange(listener: (bsn: Bsn) => void): void {
    this.#listeners.push(listener)
  }
}

/** Later than what is there on the same scope, wherever the clock was set: the last word counts. */
function recorded(
  record: Omit<ConsentRecord, 'recordedAt' | 'source'>,
  before: readonly ConsentRecord[],
  now: number,
): ConsentRecord {
  const entry = { ...record, source: 'local' as const }
  const last = Math.max(0, ...before.filter((one) => isSame(one, entry)).map(({ recordedAt }) => recordedAt))
  return { ...entry, recordedAt: Math.max(now, last + 1) }
}

const isSame = (
  one: Pick<ConsentRecord, 'source' | 'scope'>,
  other: Pick<ConsentRecord, 'source' | 'scope'>,
) => one.source === other.source && scopeKey(one.scope) === scopeKey(other.scope)

/**
 * What one source said of a scope never takes the place of what another said of it. An objection replaces all of its
 * source and scope. A permit may turn out to be of somebody who had no say: it replaces only what the same giver permitted.
 */
const isReplacedBy = (one: ConsentRecord, other: ConsentRecord) =>
  isSame(one, other) &&
  (other.decision === 'deny' ||
    (one.decision === 'permit' && (one.givenBy ?? 'patient') === (other.givenBy ?? 'patient')))
