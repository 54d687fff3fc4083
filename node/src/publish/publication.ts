import { createHash } from 'node:crypto'
import { mayPublish } from '@twiin/consent'
import { parseBsn, passesElevenTest } from '@twiin/patient-token'
import type { Bsn, PatientToken, PatientTokens } from '@twiin/patient-token'
import { codeOf } from '@twiin/runtime'
import type { Clock, Logger, Service } from '@twiin/runtime'
import type { Repository, Sealer } from '@twiin/store'
import type { IndexPublisher, PublicationState, PublishedStudy } from '@twiin/study-index'
import type { StudyRecord } from '@twiin/study-store'
import type { Account } from '../account/account.ts'
import type { ConsentBook } from '../consents/consent-book.ts'
import type { Shieldings } from '../consents/shieldings.ts'
import type { HoldingChange, Holdings } from '../holdings/holdings.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { StudyOwners } from '../holdings/study-owners.ts'
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
  studies: Holdings
  patients: OwnPatients
  owners: StudyOwners
  consents: ConsentBook
  shieldings: Shieldings
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
 * Every own patient gets a token, published or not: own patients stay findable when the keepers are away. To withdraw
 * needs none: the publication that stands has its own.
 */
export class Publication implements Service {
  readonly name = 'publication'
  readonly #deps: Deps
  /** Something happened to them: they come first. */
  readonly #changed = new Set<Bsn>()
  /** Looked at to be sure. */
  readonly #unseen = new Set<Bsn>()
  #everything = true
  #stopping = new AbortController()
  #wake = Promise.withResolvers<void>()
  #done: Promise<void> = Promise.resolve()
  #stopListening = () => {}

  constructor(deps: Deps) {
    this.#deps = deps
    deps.consents.onChange((bsn) => this.lookAgain(bsn))
    deps.shieldings.onChange((bsn) => this.lookAgain(bsn))
  }

  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#everything = true
    this.#stopListening = this.#deps.studies.onChange((change) => void this.#studyChanged(change))
    this.#done = this.#work(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopListening()
    this.#stopping.abort(new Error('stopping'))
    this.#wake.resolve()
    await this.#done
  }

  lookAgain(bsn: Bsn): void {
    this.#unseen.delete(bsn)
    this.#changed.add(bsn)
    this.#wake.resolve()
  }

  /** At start, when the index begins a new epoch, and once a day, because patients grow older (spec 08 §4). */
  lookAtEverything(): void {
    this.#everything = true
    this.#wake.resolve()
  }

  /** For the list of holdings. */
  async statusOf(bsn: Bsn): Promise<PublicationStatus> {
    const reason = await this.#reasonToHide(bsn)
    if (reason !== undefined) return { state: 'unpublished', reason }
    const placed = await this.#deps.indexState.get(this.#keyOf(bsn))
    const stands = placed?.entries.some((entry) => !entry.tombstone && entry.storedBy.length > 0) === true
    return { state: stands && !this.#changed.has(bsn) ? 'published' : 'pending' }
  }

  /** Never rejects: what cannot be read now is looked at with everything else. */
  async #studyChanged({ handle, former }: HoldingChange): Promise<void> {
    try {
      for (const study of [former, await this.#deps.studies.studyByHandle(handle)])
        for (const bsn of await this.#ownersOf(study)) this.lookAgain(bsn)
    } catch (error) {
      this.#deps.log.error('changed study not read', { code: codeOf(error) })
      this.lookAtEverything()
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      try {
        // One study that cannot be read keeps back nobody else.
        const failure = this.#everything ? await this.#gatherAll(signal).catch(asError) : undefined
        const batch = [...this.#changed, ...this.#unseen].slice(0, batchSize)
        if (batch.length > 0) await this.#refreshAll(batch, signal)
        if (failure !== undefined) throw failure
        if (batch.length === 0) await this.#idle(signal)
        retryMs = firstRetryMs
      } catch (error) {
        if (signal.aborted) return
        this.#deps.log.warn('publishing waits', {
          code: codeOf(error),
          patients: this.#changed.size + this.#unseen.size,
        })
        // Something new does not wait for what failed.
        await this.#idle(signal, retryMs)
        retryMs = Math.min(retryMs * 2, longestRetryMs)
      }
    }
  }

  async #gatherAll(signal: AbortSignal): Promise<void> {
    this.#everything = false
    try {
      for await (const study of this.#deps.studies.studies()) {
        if (signal.aborted) return
        for (const bsn of await this.#ownersOf(study)) if (!this.#changed.has(bsn)) this.#unseen.add(bsn)
      }
      for await (const study of this.#deps.studies.formerStudies?.() ?? [])
        for (const bsn of await this.#ownersOf(study)) if (!this.#changed.has(bsn)) this.#unseen.add(bsn)
    } catch (error) {
      this.#everything = true
      throw error
    }
  }

  /** Until something happened, or for so long. */
  async #idle(signal: AbortSignal, ms?: number): Promise<void> {
    const awake = new AbortController()
    const until = AbortSignal.any([signal, awake.signal])
    const slept = ms === undefined ? [] : [this.#deps.clock.sleep(ms, until).catch(() => {})]
    await Promise.race([this.#wake.promise, ...slept])
    awake.abort(new Error('awake'))
    this.#wake = Promise.withResolvers<void>()
  }

  async #refreshAll(batch: readonly Bsn[], signal: AbortSignal): Promise<void> {
    const toShow: Patient[] = []
    let failure: unknown
    for (const bsn of batch) {
      if (signal.aborted) return
      const isNew = this.#changed.delete(bsn)
      this.#unseen.delete(bsn)
      try {
        const patient = await this.#look(bsn)
        if (patient.show === undefined) await this.#withdraw(patient)
        if (patient.studies.length > 0) toShow.push(patient)
      } catch (error) {
        failure ??= error
        this.#comeBackTo(bsn, isNew)
      }
    }
    // Tokens also for who is not shown: asked for by peers with consent that is given later, found without keepers.
    const tokens = await this.#tokensOf(toShow.map(({ bsn }) => bsn))
    for (const [i, patient] of toShow.entries()) {
      const token = tokens[i]
      try {
        if (token instanceof Error) throw token
        if (token !== undefined && patient.show !== undefined) await this.#publish(patient, token)
      } catch (error) {
        failure ??= error
        this.#comeBackTo(patient.bsn, false)
      }
    }
    if (failure !== undefined) throw failure as Error
  }

  /** Behind the others. */
  #comeBackTo(bsn: Bsn, isNew: boolean): void {
    if (!this.#changed.has(bsn)) (isNew ? this.#changed : this.#unseen).add(bsn)
  }

  /** All at once; one by one when that fails, so that who is known here does not wait for the keepers. */
  async #tokensOf(bsns: readonly Bsn[]): Promise<(PatientToken | Error)[]> {
    const { tokens } = this.#deps
    if (bsns.length === 0) return []
    try {
      return await tokens.tokens(bsns, 'publish')
    } catch (error) {
      if (bsns.length === 1) return [asError(error)]
      return Promise.all(
        bsns.map((bsn) =>
          tokens.tokens([bsn], 'publish').then(([token]) => token ?? asError(error), asError),
        ),
      )
    }
  }

  async #look(bsn: Bsn): Promise<Patient> {
    const studies = await this.#deps.patients.studiesOf(bsn)
    const mayShow = studies.length > 0 && (await this.#reasonToHide(bsn)) === undefined
    if (!mayShow) return { bsn, studies, show: undefined }
    const isPointer = (await this.#deps.shieldings.of(bsn))?.index === 'pointer'
    return { bsn, studies, show: isPointer ? [] : studies.map(publishedStudy) }
  }

  /** Why others may not find this patient; undefined when they may. Whom the access desk refuses to all is not shown. */
  async #reasonToHide(bsn: Bsn): Promise<string | undefined> {
    const { patients, consents, shieldings, clock } = this.#deps
    const patient = await patients.find(bsn)
    if (patient?.conflict === true) return 'IDENTITY_CONFLICT'
    const records = await consents.of(bsn)
    // Of whom nothing is here the birth date is unknown too: who was entitled is judged when a study comes.
    if (patient === undefined && records.some(({ decision }) => decision === 'permit')) return undefined
    const { decision, why } = mayPublish(records, { birthDate: patient?.birthDate ?? '', now: clock.now() })
    if (decision === 'permit') return (await shieldings.of(bsn))?.index === 'hidden' ? 'SHIELDED' : undefined
    return why === 'no-record' ? 'CONSENT_MISSING' : 'CONSENT_DENIED'
  }

  async #publish(patient: Patient, token: PatientToken): Promise<void> {
    const { publisher, wanted, epoch } = this.#deps
    const { bsn, show } = patient
    const key = this.#keyOf(bsn)
    const digest = digestOf(epoch(), show)
    if ((await wanted.get(key))?.digest === digest) return
    // It took a while to get the token: what was withdrawn meanwhile must not be shown.
    if ((await this.#reasonToHide(bsn)) !== undefined) return
    await publisher.want(key, token, show)
    await this.#putOnRecord('publish', patient)
    await wanted.put(key, { digest, published: true })
  }

  /** Goes by what stands in the index, not by what we remember to have asked: that may have been lost in a crash. */
  async #withdraw(patient: Patient): Promise<void> {
    const { publisher, indexState, wanted } = this.#deps
    const key = this.#keyOf(patient.bsn)
    const standing = await indexState.get(key)
    const isWithdrawn = standing?.studies === undefined
    if (!isWithdrawn) await publisher.want(key, standing.token, undefined)
    if (isWithdrawn && (await wanted.get(key))?.published !== true) return
    await this.#putOnRecord('withdraw', patient)
    await wanted.put(key, { digest: '', published: false })
  }

  async #putOnRecord(event: 'publish' | 'withdraw', { bsn, studies, show }: Patient): Promise<void> {
    await this.#deps.account.record({
      event,
      outcome: 'success',
      patient: { citizenNumber: bsn },
      objects: {
        studyInstanceUids: studies.map(({ studyInstanceUid }) => studyInstanceUid),
        count: show?.length ?? 0,
      },
    })
  }

  /** Every patient of ours a study may have been published under, also when it cannot be tied to one any more. */
  async #ownersOf(study: StudyRecord | undefined): Promise<Bsn[]> {
    if (study?.origin.kind !== 'local') return []
    const owner = await this.#deps.owners.ownerOf(study)
    return [...new Set([...bsnsIn(study.patient.citizenNumbers), ...('bsn' in owner ? [owner.bsn] : [])])]
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

interface Patient {
  bsn: Bsn
  studies: readonly StudyRecord[]
  /** Undefined: nothing may be seen. */
  show: readonly PublishedStudy[] | undefined
}

const bsnsIn = (numbers: readonly string[]): Bsn[] => numbers.filter(passesElevenTest).map(parseBsn)

const asError = (error: unknown) => (error instanceof Error ? error : new Error('no token'))
