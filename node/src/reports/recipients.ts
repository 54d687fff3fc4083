import type { Clock } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import { ownerOf } from '@twiin/study-store'
import type { Owner, StudyRecord } from '@twiin/study-store'

/** A hospital that has, or may have, instances of a study from us. */
export interface Recipient {
  ura: string
  /** A directed send needs no consent, and neither does what follows on it. */
  wasSent: boolean
  /** When it was last given the study as a whole. Milliseconds since the epoch. */
  at: number
}

/** A copy of a study: what its owner does to it concerns whom it was given to, and nobody else. */
export interface GivenCopy {
  owner: Owner
  studyInstanceUid: string
}

interface Deps {
  /** `<copy>/<URA>` → who it is. */
  recipients: Repository<Recipient>
  sealer: Sealer
  clock: Clock
}

/** Whom this hospital gave a study, so that what is corrected or taken back can follow (spec 20 §3). */
export class Recipients {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Before the first byte leaves. Durable when it resolves. */
  async note(
    { origin, studyInstanceUid }: Pick<StudyRecord, 'origin' | 'studyInstanceUid'>,
    { ura, wasSent }: { ura: string; wasSent: boolean },
  ): Promise<void> {
    if (!/^\d{8}$/.test(ura)) return
    const { recipients, clock } = this.#deps
    const key = `${this.#prefixOf({ owner: ownerOf(origin), studyInstanceUid })}${ura}`
    const before = await recipients.get(key)
    await recipients.put(key, { ura, wasSent: wasSent || before?.wasSent === true, at: clock.now() })
  }

  /** In order of their URA. */
  async of(copy: GivenCopy): Promise<Recipient[]> {
    const found: Recipient[] = []
    const prefix = this.#prefixOf(copy)
    for await (const [, recipient] of this.#deps.recipients.entries({ prefix })) found.push(recipient)
    return found
  }

  #prefixOf({ owner, studyInstanceUid }: GivenCopy): string {
    return `${this.#deps.sealer.opaque('received study', `${owner} ${studyInstanceUid}`)}/`
  }
}
