import { createHash } from 'node:crypto'
import { mayPublish } from '@twiin/consent'
import type { Bsn, PatientToken, PatientTokens } from '@twiin/patient-token'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { IndexPublisher, PublicationState, PublishedStudy } from '@twiin/study-index'
import type { StudyStore } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import { patientOf } from '../holdings/publishability.ts'
import { publishedStudy } from './published-study.ts'

const batchSize = 256
const firstRetryMs = 1000
const longestRetryMs = 60_000

/** What was last asked of the index for a patient. */
export interface Wanted {
  digest: string
  published: boolean
}

export type PublicationStatus = { state: 'published' | 'pending' } | { state: 'unpublished'; reason: string }

interface Deps {
  studies: StudyStore
  patients: OwnPatients
  consents: ConsentBook
  tokens: PatientTokens
  publisher: IndexPublisher
  indexState: PublicationState
  wanted: Repository<Wanted>
  sealer: Sealer
  account: Account
  epoch: () => number
  clock: Clock
  log: Logger
}

/**
 * Keeps what others can find in step with what is held and consented to (J3, J6). A patient is looked at again when a
 * study arrives, when consent changes, and once at every start, so nothing that happened before a crash is forgotten.
 * Every own patient gets a token, published or not: own patients stay findable when the keepers are away.
 */
export class Publication implements Service {
  readonly name = 'publication'
  readonly #deps: Deps
  readonly #waiting = new Set<Bsn>()
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<unknown> = Promise.resolve()
  #stopListening = () => {}

  constructor(deps: Deps) {
    this.#deps = deps
    deps.consents.onChange((bsn) => this.lookAgain(bsn))
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#stopListening = this.#deps.studies.onChange(({ handle }) => void this.#studyChanged(handle))
    this.#done = Promise.all([this.#work(this.#stopping.signal), this.lookAtEverything()])
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  lookAgain(bsn: Bsn): void {
    this.#waiting.add(bsn)
    this.#wake.resolve()
  }

  /** At start, and when the index begins a new epoch. */
  async lookAtEverything(): Promise<void> {
    for await (const study of this.#deps.studies.studies()) {
      if (this.#stopping.signal.aborted) return
      const owner = patientOf(study)
      if ('bsn' in owner) this.lookAgain(owner.bsn)
    }
  }

  /** For the list of holdings. */
  async statusOf(bsn: Bsn): Promise<PublicationStatus> {
    const consent = mayPublish(await this.#deps.consents.of(bsn))
    if (consent.decision !== 'permit') {
      return {
        state: 'unpublished',
        reason: consent.why === 'no-record' ? 'CONSENT_MISSING' : 'CONSENT_DENIED',
      }
    }
    const placed = await this.#deps.indexState.get(this.#keyOf(bsn))
    const stands = placed?.entries.some((entry) => !entry.tombstone && entry.storedBy.length > 0) === true
    return { state: stands && !this.#waiting.has(bsn) ? 'published' : 'pending' }
  }

  async #studyChanged(handle: string): Promise<void> {
    const study = await this.#deps.studies.studyByHandle(handle)
    for (const candidate of study?.patient.citizenNumbers ?? []) {
      // Also when the study cannot be tied to one patient any more: what was published of it must go.
      this.lookAgain(candidate as Bsn)
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      const batch = [...this.#waiting].slice(0, batchSize)
      if (batch.length === 0) {
        await this.#wake.promise
        this.#wake = Promise.withResolvers<void>()
        continue
      }
      try {
        await this.#refreshAll(batch, signal)
        retryMs = firstRetryMs
      } catch (error) {
        if (signal.aborted) return
        this.#deps.log.warn('publishing waits', { code: codeOf(error), patients: this.#waiting.size })
        await this.#deps.clock.sleep(retryMs, signal).catch(() => {})
        retryMs = Math.min(retryMs * 2, longestRetryMs)
      }
    }
  }

  async #refreshAll(batch: readonly Bsn[], signal: AbortSignal): Promise<void> {
    // Withdrawals need no keeper once the token is known, and one that is not known was never published.
    const tokens = await this.#deps.tokens.tokens(batch, 'publish')
    for (const [i, bsn] of batch.entries()) {
      if (signal.aborted) return
      this.#waiting.delete(bsn)
      try {
        await this.#refresh(bsn, tokens[i] as PatientToken)
      } catch (error) {
        this.#waiting.add(bsn)
        throw error
      }
    }
  }

  async #refresh(bsn: Bsn, token: PatientToken): Promise<void> {
    const { patients, consents, publisher, wanted, account, epoch } = this.#deps
    const studies = await patients.studiesOf(bsn)
    const permitted = mayPublish(await consents.of(bsn)).decision === 'permit'
    const show = permitted && studies.length > 0 ? studies.map(publishedStudy) : undefined
    const key = this.#keyOf(bsn)
    const before = await wanted.get(key)
    const digest = digestOf(epoch(), show)
    if (before?.digest === digest || (before === undefined && show === undefined)) return
    await publisher.want(key, token, show)
    await wanted.put(key, { digest, published: show !== undefined })
    if (show === undefined && before?.published === false) return
    await account.record({
      event: show === undefined ? 'withdraw' : 'publish',
      outcome: 'success',
      patient: { citizenNumber: bsn },
      objects: {
        studyInstanceUids: studies.map(({ studyInstanceUid }) => studyInstanceUid),
        count: show?.length ?? 0,
      },
    })
  }

  #keyOf(bsn: Bsn): string {
    return this.#deps.sealer.opaque('patient', bsn)
  }
}

function digestOf(epoch: number, studies: readonly PublishedStudy[] | undefined): string {
  const text = JSON.stringify([
    epoch,
    studies?.map(({ handle, ...rest }) => ({ ...rest, handle: Buffer.from(handle).toString('hex') })),
  ])
  return createHash('sha256').update(text).digest('hex')
}
