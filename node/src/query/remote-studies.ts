import { setImmediate } from 'node:timers/promises'
import { textsOf } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import type { ContentsAnswer, ContentsRequest, SeriesContents, StudyContents } from '@twiin/protocol'
import { limits } from '@twiin/protocol'
import { codeOf } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { OwnPatients } from '../holdings/own-patients.ts'
import { isComplete } from '../find/patient-search.ts'
import type { FoundStudy, Holder, PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import { AnswerQueue } from './answer-queue.ts'
import { foundPatient, foundStudy, withInstance, withSeries } from './describe-match.ts'
import type { DeskQuery, QueryMatch, QueryOutcome, SilentHolder } from './query.ts'
import { key, withoutPatientNumbers } from './query-keys.ts'
import { matchesKnown } from './local-studies.ts'

interface Deps {
  searches: Pick<PatientSearches, 'onChange'>
  patients: Pick<OwnPatients, 'find'>
  askContents: (
    search: PatientSearch,
    peerId: string,
    wanted: Pick<ContentsRequest, 'studies' | 'level' | 'series'>,
  ) => Promise<ContentsAnswer>
  clock: Clock
}

/** What a search does not tell, and a look into the study does. */
const inContents = [key.studyTime, key.accessionNumber, key.studyId, key.referringPhysician, key.studySeries]

/** Answers that wait for who reads them. */
const room = 500
/** After so many that were looked at others get their turn. */
const turn = 256

/** Why a holder showed nothing. */
type Silence = Pick<SilentHolder, 'status' | 'reason'>
const noAnswer: Silence = { status: 'pending', reason: 'NO_ANSWER' }

/** The studies of a patient search that lie elsewhere, as answers to a query. */
export class RemoteStudies {
  readonly #options: { aeTitle: string; waitMs: number }
  readonly #deps: Deps

  constructor(options: { aeTitle: string; waitMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** As holders answer, until all have or the time is up. */
  async *find(
    search: PatientSearch,
    query: DeskQuery,
    outcome: QueryOutcome,
    until: number,
  ): AsyncGenerator<QueryMatch> {
    const queue = new AnswerQueue<QueryMatch>({ room })
    const stop = new AbortController()
    const watching = this.#watch(
      search,
      query,
      outcome,
      queue,
      AbortSignal.any([stop.signal, ...given(query.signal)]),
      until,
    )
    watching.then(
      () => queue.close(),
      (error: unknown) => queue.fail(error),
    )
    try {
      yield* queue
    } finally {
      stop.abort(new Error('nobody reads any more'))
    }
  }

  async #watch(
    search: PatientSearch,
    query: DeskQuery,
    outcome: QueryOutcome,
    queue: AnswerQueue<QueryMatch>,
    signal: AbortSignal,
    until: number,
  ): Promise<void> {
    const { searches, clock } = this.#deps
    const taken = new Set<string>()
    const looks: Promise<void>[] = []
    let changed = () => {}
    const stopListening = searches.onChange((one) => void (one.id === search.id && changed()))
    const timeUp = new AbortController()
    const wait = clock.sleep(Math.max(0, until - clock.now()), AbortSignal.any([signal, timeUp.signal])).then(
      () => true as const,
      () => true as const,
    )
    try {
      for (let isOver = false; ;) {
        const change = new Promise<false>((resolve) => (changed = () => resolve(false)))
        for (const holder of search.holders) {
          if (holder.status === 'pending' || taken.has(holder.ura)) continue
          taken.add(holder.ura)
          if (holder.status !== 'answered') continue
          const { ura, name } = holder
          // Others are still waited for: what fails meanwhile is told, and ends nothing.
          const look = this.#show(search, holder, query, { outcome, queue, wait })
          looks.push(
            look.catch(
              (error: unknown) =>
                void outcome.silent.push({ ura, name, status: 'failed', reason: codeOf(error) }),
            ),
          )
        }
        if (isOver || isComplete(search)) break
        isOver = await Promise.race([change, wait])
      }
      await Promise.all(looks)
      this.#tellSilent(search, outcome)
    } finally {
      stopListening()
      timeUp.abort(new Error('done'))
    }
  }

  #tellSilent(search: PatientSearch, outcome: QueryOutcome): void {
    for (const { ura, name, status, reason = 'NO_ANSWER' } of search.holders) {
      if (status !== 'answered') outcome.silent.push({ ura, name, status, reason })
    }
    const { asked, answered } = search.index
    if (!search.indexRead || (asked > 0 && answered === 0)) {
      outcome.silent.push({ ura: '', name: '', status: 'failed', reason: 'INDEX_UNREACHABLE' })
    }
  }

  /** What one holder has. It has until the time is up; who reads it may take longer. */
  async #show(
    search: PatientSearch,
    holder: Holder,
    query: DeskQuery,
    to: { outcome: QueryOutcome; queue: AnswerQueue<QueryMatch>; wait: Promise<true> },
  ): Promise<void> {
    const wanted = new Set(textsOf(query.keys, key.studyInstanceUid))
    const rows = search.studies.filter(
      (row) =>
        row.holder === holder.ura &&
        !row.local &&
        row.studyInstanceUid !== null &&
        (wanted.size === 0 || wanted.has(row.studyInstanceUid)),
    )
    const keys = withoutPatientNumbers(query.keys)
    const shallow = query.level === 'STUDY' && !inContents.some((tag) => query.keys.has(tag))
    const patient = await this.#patientOf(search)
    let looked = 0
    for (let at = 0; at < rows.length; at += limits.studiesPerContents) {
      const some = rows.slice(at, at + limits.studiesPerContents)
      const contents = shallow ? undefined : await this.#contents(search, holder, some, query, to)
      if (contents === 'late') return
      for (const row of some) {
        const known = contents?.get(row.studyInstanceUid ?? '')
        const place = { aeTitle: this.#options.aeTitle, institution: holder.name }
        const study = foundStudy(row, patient, place, known)
        for (const attributes of below(query, keys, study, known)) {
          if (++looked % turn === 0) await setImmediate()
          if (attributes === undefined) continue
          const isRead = await to.queue.put({
            attributes,
            studyInstanceUid: row.studyInstanceUid ?? '',
            holder: { ura: holder.ura, name: holder.name },
            local: false,
            searchId: search.id,
          })
          if (!isRead) return
        }
      }
    }
  }

  /** What stands in some of its studies; `late` when the time was up first. */
  async #contents(
    search: PatientSearch,
    holder: Holder,
    rows: readonly FoundStudy[],
    query: DeskQuery,
    { outcome, wait }: { outcome: QueryOutcome; wait: Promise<true> },
  ): Promise<Map<string, StudyContents> | 'late'> {
    const answer = await Promise.race([this.#ask(search, holder, rows, query), wait.then(() => noAnswer)])
    if (answer.status === 'answered') {
      outcome.truncated ||= answer.more
      return new Map(answer.studies.map((study) => [study.uid, study]))
    }
    const { ura, name } = holder
    outcome.silent.push({ ura, name, status: answer.status, reason: answer.reason })
    return answer.status === 'pending' ? 'late' : new Map()
  }

  async #ask(
    search: PatientSearch,
    holder: Holder,
    rows: readonly FoundStudy[],
    query: DeskQuery,
  ): Promise<ContentsAnswer | Silence> {
    const [series, ...others] = textsOf(query.keys, key.seriesInstanceUid)
    const level = query.level === 'IMAGE' ? 'instance' : query.level === 'SERIES' ? 'series' : 'study'
    try {
      return await this.#deps.askContents(search, holder.peerId, {
        studies: rows.map(({ studyInstanceUid }) => studyInstanceUid ?? ''),
        level,
        ...(series === undefined || others.length > 0 || level === 'study' ? {} : { series }),
      })
    } catch (error) {
      return { status: 'unreachable', reason: codeOf(error) }
    }
  }

  async #patientOf(search: PatientSearch) {
    const here = await this.#deps.patients.find(search.bsn)
    return foundPatient(search.patient, search.bsn, here?.conflict === false ? here : undefined)
  }
}

/** What answers the query; undefined in place of what does not, so that who looks can take breath. */
function* below(
  { level }: DeskQuery,
  keys: Attributes,
  study: Attributes,
  contents: StudyContents | undefined,
): Generator<Attributes | undefined> {
  const isMatch = matchesKnown(keys, study)
  if (!isMatch || level === 'STUDY') {
    yield isMatch ? study : undefined
    return
  }
  for (const one of contents?.series ?? []) {
    const series = withSeries(study, one)
    if (!matchesKnown(keys, series)) yield undefined
    else if (level === 'SERIES') yield series
    else yield* instancesOf(one, keys, series)
  }
}

function* instancesOf(
  contents: SeriesContents,
  keys: Attributes,
  series: Attributes,
): Generator<Attributes | undefined> {
  for (const one of contents.instances ?? []) {
    const instance = withInstance(series, one)
    yield matchesKnown(keys, instance) ? instance : undefined
  }
}

const given = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value])
