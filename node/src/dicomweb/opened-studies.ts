import type { Clock } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import { patientOnRecord } from '../account/account.ts'
import type { Account } from '../account/account.ts'
import type { PatientSearch } from '../find/patient-search.ts'
import type { Person } from '../people/people-file.ts'

/** Looking on within so long is the same opening. */
const openMs = 3_600_000
const mostRemembered = 10_000

/** Puts on record who opened which study: one line an opening, not one an image (spec 07 §3, `study-viewed`). */
export class OpenedStudies {
  readonly #account: Account
  readonly #clock: Clock
  readonly #openedAt = new Map<string, number>()

  constructor(deps: { account: Account; clock: Clock }) {
    this.#account = deps.account
    this.#clock = deps.clock
  }

  /** Durable when it resolves. */
  async record(study: StudyRecord, person: Person): Promise<void> {
    await this.#once(`${person.id} ${study.handle}`, () =>
      this.#account.record({
        event: 'study-viewed',
        outcome: 'success',
        user: person,
        patient: patientOnRecord(study),
        objects: { studyInstanceUids: [study.studyInstanceUid], count: study.instances },
        protocol: 'DICOMweb',
      }),
    )
  }

  /** A study that a search found at another hospital, when the first of it is about to be shown. */
  async recordFound(of: {
    studyInstanceUid: string
    search: PatientSearch
    holder: string
    retrievalId: string
  }): Promise<void> {
    const peerId = of.search.holders.find(({ ura }) => ura === of.holder)?.peerId
    await this.#account.record({
      event: 'study-viewed',
      outcome: 'success',
      user: of.search.person,
      ...(peerId === undefined ? {} : { peerId }),
      patient: { citizenNumber: of.search.bsn },
      purpose: of.search.purpose,
      objects: { studyInstanceUids: [of.studyInstanceUid] },
      protocol: 'DICOMweb',
      requestId: of.retrievalId,
    })
  }

  async #once(key: string, record: () => Promise<void>): Promise<void> {
    const now = this.#clock.now()
    const before = this.#openedAt.get(key)
    if (before !== undefined && now - before < openMs) return
    await record()
    this.#openedAt.delete(key)
    this.#openedAt.set(key, now)
    for (const [old, at] of this.#openedAt) {
      if (this.#openedAt.size <= mostRemembered && now - at < openMs) break
      this.#openedAt.delete(old)
    }
  }
}
