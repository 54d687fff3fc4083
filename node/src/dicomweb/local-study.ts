import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord, Owner, SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'

/** A study that somebody may look at. Of one that is on its way from another hospital, what is here comes first. */
export interface OpenStudy {
  /** When all of it is here. */
  whole(signal: AbortSignal): Promise<StudyRecord>
  /** Its instances, as they come. Throws why the rest does not come. */
  instances(signal: AbortSignal): AsyncIterable<InstanceRecord>
  /** When all of it is here. */
  series(signal: AbortSignal): AsyncIterable<SeriesRecord>
  /** One of its instances, as soon as it is here. Throws `NOT_FOUND`. */
  instance(sopInstanceUid: string, signal: AbortSignal): Promise<InstanceRecord>
}

/** A study that is held here. */
export class LocalStudy implements OpenStudy {
  readonly #study: StudyRecord
  readonly #owner: Owner
  readonly #holdings: Holdings

  constructor(study: StudyRecord, owner: Owner, holdings: Holdings) {
    this.#study = study
    this.#owner = owner
    this.#holdings = holdings
  }

  async whole(): Promise<StudyRecord> {
    return this.#study
  }

  instances(): AsyncIterable<InstanceRecord> {
    return this.#holdings.instances(this.#study.handle)
  }

  series(): AsyncIterable<SeriesRecord> {
    return this.#holdings.series(this.#study.handle)
  }

  async instance(sopInstanceUid: string): Promise<InstanceRecord> {
    const instance = await this.#holdings.instanceByUid(sopInstanceUid, this.#owner)
    if (instance?.study !== this.#study.handle) throw new TwiinError('NOT_FOUND')
    return instance
  }
}
