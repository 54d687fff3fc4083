import { hex } from '../bytes.ts'
import { compareCursors } from '../cursor.ts'
import type {
  EntryKey,
  EntryMark,
  EntryRange,
  EntryRepository,
  Publication,
  PublicationState,
  StoredEntry,
} from '../ports.ts'

/** Entries in memory. Passes the compliance suite. */
export class MemoryEntryRepository implements EntryRepository {
  readonly #entries = new Map<string, StoredEntry>()

  async get(key: EntryKey): Promise<StoredEntry | undefined> {
    return this.#entries.get(nameOf(key))
  }
  async putAll(entries: readonly StoredEntry[]): Promise<void> {
    for (const entry of entries) this.#entries.set(nameOf(entry.mark), entry)
  }
  async *entries(range: EntryRange): AsyncGenerator<StoredEntry> {
    yield* this.#select(range)
  }
  async *marks(range?: EntryRange): AsyncGenerator<EntryMark> {
    for (const { mark } of this.#select(range)) yield mark
  }
  async countOf(publisher: string): Promise<number> {
    return [...this.#entries.values()].filter(({ mark }) => mark.publisher === publisher).length
  }
  async deleteAll(keys: readonly EntryKey[]): Promise<void> {
    for (const key of keys) this.#entries.delete(nameOf(key))
  }

  #select(range: EntryRange | undefined): StoredEntry[] {
    const within = ({ mark }: StoredEntry) =>
      range === undefined ||
      (mark.epoch === range.epoch &&
        Buffer.compare(mark.loc, range.from) >= 0 &&
        Buffer.compare(mark.loc, range.to) <= 0 &&
        (range.after === undefined || compareCursors(mark, range.after) > 0))
    return [...this.#entries.values()]
      .filter(within)
      .sort((a, b) => a.mark.epoch - b.mark.epoch || compareCursors(a.mark, b.mark))
  }
}

/** Publications in memory: what a test keeps across a "restart" of a publisher. */
export class MemoryPublicationState implements PublicationState {
  readonly publications = new Map<string, Publication>()

  async get(patientKey: string): Promise<Publication | undefined> {
    return this.publications.get(patientKey)
  }
  async putAll(publications: readonly Publication[]): Promise<void> {
    for (const publication of publications) this.publications.set(publication.patientKey, publication)
  }
  async *all(): AsyncGenerator<Publication> {
    yield* [...this.publications.values()]
  }
  async delete(patientKey: string): Promise<void> {
    this.publications.delete(patientKey)
  }
}

const nameOf = ({ epoch, loc, publisher }: EntryKey) => `${epoch}/${hex(loc)}/${publisher}`
