import { TwiinError } from '@twiin/runtime'
import type { InstanceRecord, SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import { isOf } from '../retrieve/identity.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { isOver } from '../transfers/transfer-record.ts'
import type { Retrieval } from '../transfers/transfer-record.ts'
import type { OpenStudy } from './local-study.ts'
import { untilChange } from './until-change.ts'

interface Deps {
  book: Pick<TransferBook, 'get' | 'onWork'>
  fetcher: Pick<FetchStudy, 'named' | 'wantFirst'>
  holdings: Pick<Holdings, 'instanceByUid' | 'instances' | 'onChange' | 'series' | 'studyByUid'>
  /** Durable when it resolves. */
  onFirstShown: () => Promise<void>
}

/** How an answer waits: for the next instance, or for all of them. */
export interface Patience {
  waitMs: number
}

/**
 * A study of another hospital that one user's retrieval brings here. Every instance is shown the moment it is verified
 * and durable; nothing of a study that contradicts whom was searched for.
 */
export class RemoteStudy implements OpenStudy {
  readonly #options: Patience & { retrievalId: string }
  readonly #deps: Deps
  /** What the holder's manifest names: SOP Instance UID → SHA-256. */
  #named: { digests: ReadonlyMap<string, Uint8Array>; isFinal: boolean } | undefined

  #onRecord: Promise<void> | undefined

  constructor(options: Patience & { retrievalId: string }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  whole(signal: AbortSignal): Promise<StudyRecord> {
    return this.#until(signal, async (retrieval) =>
      retrieval.state === 'delivered' ? this.#study(retrieval) : undefined,
    )
  }

  async *series(signal: AbortSignal): AsyncGenerator<SeriesRecord> {
    const { handle } = await this.whole(signal)
    yield* this.#deps.holdings.series(handle)
  }

  async *instances(signal: AbortSignal): AsyncGenerator<InstanceRecord> {
    let seen = 0
    for (;;) {
      const next = await this.#until(signal, async (retrieval) => {
        const here = await this.#arrived(retrieval, seen)
        return here.length > 0 || retrieval.state === 'delivered' ? { here, retrieval } : undefined
      })
      if (next.here.length === 0) return
      seen += next.here.length
      const named = await this.#manifest(next.retrieval)
      for (const instance of next.here)
        if (instance.rejected === undefined && isNamed(instance, named)) yield instance
    }
  }

  instance(sopInstanceUid: string, signal: AbortSignal): Promise<InstanceRecord> {
    return this.#until(signal, async (retrieval) => {
      const named = await this.#manifest(retrieval)
      if (named !== undefined && !named.has(sopInstanceUid)) throw new TwiinError('NOT_FOUND')
      const here = await this.#instance(retrieval, sopInstanceUid)
      if (here === undefined && !isOver(retrieval))
        this.#deps.fetcher.wantFirst({ ...retrieval, holder: retrieval.counterparty }, sopInstanceUid)
      return here
    })
  }

  /** The first answer of `look` that is something; asked again whenever something may have changed. */
  async #until<T>(signal: AbortSignal, look: (retrieval: Retrieval) => Promise<T | undefined>): Promise<T> {
    const { book, holdings } = this.#deps
    const { retrievalId, waitMs } = this.#options
    using change = untilChange(
      [(tell) => book.onWork(tell), (tell) => holdings.onChange(tell)],
      waitMs,
      signal,
    )
    for (;;) {
      const retrieval = await book.get(retrievalId)
      if (retrieval?.kind !== 'retrieval') throw new TwiinError('NOT_FOUND')
      const found = await look(retrieval)
      if (found !== undefined) {
        await (this.#onRecord ??= this.#deps.onFirstShown())
        return found
      }
      if (retrieval.state === 'failed') throw refusal(retrieval.reason)
      if (!(await change.next())) throw new TwiinError('STUDY_ON_ITS_WAY', { retryAfterSeconds: 5 })
    }
  }

  /** What came behind the first so many, taken back or not, of this holder and study; nothing before the holder said what it gives. */
  async #arrived(retrieval: Retrieval, skip: number): Promise<InstanceRecord[]> {
    const found: InstanceRecord[] = []
    if ((await this.#manifest(retrieval)) === undefined) return found
    const study = await this.#study(retrieval)
    if (study === undefined) return found
    for await (const instance of this.#deps.holdings.instances(study.handle, { skip, rejected: true }))
      found.push(instance)
    return found
  }

  async #instance(retrieval: Retrieval, sopInstanceUid: string): Promise<InstanceRecord | undefined> {
    const instance = await this.#deps.holdings.instanceByUid(sopInstanceUid, retrieval.counterparty.ura)
    if (instance === undefined || !isNamed(instance, await this.#manifest(retrieval))) return undefined
    const study = await this.#study(retrieval)
    return study?.handle === instance.study ? instance : undefined
  }

  /** Whose it is is looked at anew each time: every instance may say something else. Throws `IDENTITY_MISMATCH`. */
  async #study({ studyInstanceUid, counterparty, bsn }: Retrieval): Promise<StudyRecord | undefined> {
    const study = await this.#deps.holdings.studyByUid(studyInstanceUid, counterparty.ura)
    if (study !== undefined && !isOf(study, bsn)) throw new TwiinError('PATIENT_CONFLICT')
    return study
  }

  /** The first manifest of the job while it runs, the last one when it is over. */
  async #manifest(retrieval: Retrieval): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    const isFinal = retrieval.state === 'delivered'
    if (this.#named?.isFinal === isFinal) return this.#named.digests
    const { id, studyInstanceUid, counterparty } = retrieval
    const instances = await this.#deps.fetcher.named({
      transferId: id,
      studyInstanceUid,
      holder: counterparty,
    })
    if (instances === undefined) return undefined
    const digests = new Map(instances.map(({ sopInstanceUid, sha256 }) => [sopInstanceUid, sha256]))
    this.#named = { digests, isFinal }
    return digests
  }
}

/** As this holder gives it now: what came of it earlier, and it does not give any more, is not shown. */
function isNamed(instance: InstanceRecord, named: ReadonlyMap<string, Uint8Array> | undefined): boolean {
  const digest = named?.get(instance.sopInstanceUid)
  return digest !== undefined && Buffer.from(instance.sha256).equals(digest)
}

/** What a client hears of a retrieval that failed: the holder said no, or it is not to be had now. */
function refusal(reason = 'UNEXPECTED'): TwiinError {
  if (reason === 'IDENTITY_MISMATCH') return new TwiinError('PATIENT_CONFLICT')
  const isVerdict = [
    'CONSENT_MISSING',
    'BLOCKED',
    'ROLE_NOT_PERMITTED',
    'BASIS_NOT_SUPPORTED',
    'SHARING_NOT_PERMITTED',
    'NOT_A_MEMBER',
    'MEMBER_TESTING',
  ]
  return new TwiinError(isVerdict.includes(reason) ? 'HOLDER_REFUSED' : 'STUDY_NOT_AVAILABLE', { reason })
}
