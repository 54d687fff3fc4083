import type { WireEntry } from '@twiin/protocol'
import type { Repository, Store } from '@twiin/store'
import type { EntryKey, EntryMark, EntryRange, EntryRepository, StoredEntry } from '@twiin/study-index'

/**
 * The entries this node keeps as a replica, in the node's database: marks apart from bodies, so that comparing with
 * other replicas reads no body. A location is a derived pseudonym, so it may stand in a key.
 */
export class StoredEntries implements EntryRepository {
  readonly #store: Store
  readonly #marks: Repository<EntryMark>
  readonly #bodies: Repository<WireEntry>
  #counts: Promise<Map<string, number>> | undefined

  constructor(deps: { store: Store; marks: Repository<EntryMark>; bodies: Repository<WireEntry> }) {
    this.#store = deps.store
    this.#marks = deps.marks
    this.#bodies = deps.bodies
  }

  async get(key: EntryKey): Promise<StoredEntry | undefined> {
    const place = placeOf(key)
    const [mark, entry] = await Promise.all([this.#marks.get(place), this.#bodies.get(place)])
    return mark === undefined || entry === undefined ? undefined : { mark, entry }
  }

  async putAll(entries: readonly StoredEntry[]): Promise<void> {
    const places = new Map(entries.map((stored) => [placeOf(stored.mark), stored]))
    const counts = await this.#counted()
    const known = await Promise.all([...places.keys()].map((place) => this.#marks.has(place)))
    await this.#store.batch(
      [...places].flatMap(([place, { mark, entry }]) => [
        this.#marks.putOp(place, mark),
        this.#bodies.putOp(place, entry),
      ]),
    )
    ;[...places.values()].forEach(({ mark }, i) => known[i] || add(counts, mark.publisher, 1))
  }

  async *entries(range: EntryRange): AsyncGenerator<StoredEntry> {
    for await (const mark of this.marks(range)) {
      const entry = await this.#bodies.get(placeOf(mark))
      if (entry !== undefined) yield { mark, entry }
    }
  }

  async *marks(range?: EntryRange): AsyncGenerator<EntryMark> {
    const end = range === undefined ? undefined : `${epochText(range.epoch)}.${hex(range.to)}`
    for await (const [place, mark] of this.#marks.entries(
      range === undefined ? {} : { after: startOf(range) },
    )) {
      if (end !== undefined && place.slice(0, end.length) > end) return
      yield mark
    }
  }

  async countOf(publisher: string): Promise<number> {
    return (await this.#counted()).get(publisher) ?? 0
  }

  async deleteAll(keys: readonly EntryKey[]): Promise<void> {
    const places = new Map(keys.map((key) => [placeOf(key), key]))
    const counts = await this.#counted()
    const known = await Promise.all([...places.keys()].map((place) => this.#marks.has(place)))
    await this.#store.batch(
      [...places.keys()].flatMap((place) => [this.#marks.deleteOp(place), this.#bodies.deleteOp(place)]),
    )
    ;[...places.values()].forEach(({ publisher }, i) => known[i] && add(counts, publisher, -1))
  }

  /** Counted once for each start, then kept in step. */
  #counted(): Promise<Map<string, number>> {
    this.#counts ??= (async () => {
      const counts = new Map<string, number>()
      for await (const { publisher } of this.marks()) add(counts, publisher, 1)
      return counts
    })()
    return this.#counts
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
/** Fixed width, so that keys sort as numbers do. */
const epochText = (epoch: number) => String(epoch).padStart(7, '0')
const placeOf = ({ epoch, loc, publisher }: EntryKey) => `${epochText(epoch)}.${hex(loc)}.${publisher}`

/** A key right before the first of the range: publishers sort behind it. */
function startOf({ epoch, from, after }: EntryRange): string {
  return after === undefined ? `${epochText(epoch)}.${hex(from)}` : placeOf({ epoch, ...after })
}

function add(counts: Map<string, number>, publisher: string, n: number): void {
  counts.set(publisher, (counts.get(publisher) ?? 0) + n)
}
