import { StudyReader } from './study-reader.ts'
import type { ReadSeries, ReadStudy } from './study-reader.ts'

/** The studies that are open in one viewer, as far as they are here. To be subscribed to. */
export class StudyShelf {
  readonly #readers = new Map<string, StudyReader>()
  readonly #listeners = new Set<() => void>()
  #now: ReadonlyMap<string, ReadStudy> = new Map()

  /** Begins to read a study, or goes on when it failed before. */
  open(handle: string, studyInstanceUid: string): void {
    const known = this.#readers.get(handle)
    const reader = known ?? new StudyReader(studyInstanceUid)
    if (known === undefined) {
      this.#readers.set(handle, reader)
      reader.subscribe(() => this.#changed())
    }
    if (reader.now().state !== 'failed') reader.start()
    this.#changed()
  }

  retry(handle: string): void {
    this.#readers.get(handle)?.start()
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.stop()
  }

  readonly seriesOf = (handle: string): readonly ReadSeries[] => this.#now.get(handle)?.series ?? []

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly now = (): ReadonlyMap<string, ReadStudy> => this.#now

  #changed(): void {
    this.#now = new Map([...this.#readers].map(([handle, reader]) => [handle, reader.now()]))
    for (const listener of this.#listeners) listener()
  }
}
