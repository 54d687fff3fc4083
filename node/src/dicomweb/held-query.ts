import { attribute, matches, textsOf } from '@twiin/dicom'
import type { Attributes } from '@twiin/dicom'
import { TwiinError } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import type { PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { DeskQuery, QueryMatch, QueryOutcome, QueryRun } from '../query/query.ts'
import {
  foundAttributes,
  instanceAttributes,
  seriesAttributes,
  studyAttributes,
} from './record-attributes.ts'
import type { ViewableStudies } from './viewable-studies.ts'

interface Deps {
  self: { ura: string; name: string }
  holdings: Holdings
  searches: PatientSearches
  studies: ViewableStudies
}

/** Answers from the holdings and from a patient search that was made before. */
export class HeldQuery {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  find(query: DeskQuery): QueryRun {
    const outcome: QueryOutcome = { silent: [], truncated: false }
    const matching = this.#matching(query, outcome)
    return { outcome, [Symbol.asyncIterator]: () => matching }
  }

  async *#matching(query: DeskQuery, outcome: QueryOutcome): AsyncGenerator<QueryMatch> {
    const { searches } = this.#deps
    const { person } = query.asker
    const search = query.searchId === undefined ? undefined : searches.find(query.searchId, person)
    if (query.searchId !== undefined && search === undefined) throw new TwiinError('NOT_FOUND')
    const found = search === undefined ? this.#known(query) : this.#searched(query, search, outcome)
    let count = 0
    for await (const match of found) {
      if (!matches(query.keys, match.attributes)) continue
      if (++count > (query.limit ?? 1000)) {
        outcome.truncated = true
        return
      }
      yield match
    }
  }

  /** Held here; a study that is named by its UID also when one of this person's searches found it. */
  async *#known(query: DeskQuery): AsyncGenerator<QueryMatch> {
    yield* this.#held(query)
    const named = textsOf(query.keys, '0020000D')
    const seen = new Set<string>()
    for (const search of named.length === 0 ? [] : this.#deps.searches.of(query.asker.person))
      for await (const match of this.#searched(query, search, { silent: [], truncated: false })) {
        const { studyInstanceUid } = match
        if (match.local || seen.has(studyInstanceUid) || !named.includes(studyInstanceUid)) continue
        seen.add(studyInstanceUid)
        yield match
      }
  }

  async *#held(query: DeskQuery): AsyncGenerator<QueryMatch> {
    const { holdings, studies, self } = this.#deps
    for await (const study of holdings.studies({ reverse: true })) {
      if (!(await studies.isOpenToTheHouse(study))) continue
      for await (const attributes of this.#rows(study, query))
        yield { attributes, studyInstanceUid: study.studyInstanceUid, holder: self, local: true }
    }
  }

  async *#rows(study: StudyRecord, { level, keys }: DeskQuery): AsyncGenerator<Attributes> {
    const ofStudy = studyAttributes(study)
    const studyKeys = new Map([...keys].filter(([key]) => ofStudy.has(key)))
    if (!matches(studyKeys, ofStudy)) return
    if (level === 'STUDY' || level === 'PATIENT') yield ofStudy
    if (level === 'SERIES')
      for await (const series of this.#deps.holdings.series(study.handle))
        yield new Map([...ofStudy, ...seriesAttributes(series)])
    if (level === 'IMAGE')
      for await (const instance of this.#deps.holdings.instances(study.handle))
        yield new Map([...ofStudy, ...instanceAttributes(instance)])
  }

  async *#searched(
    query: DeskQuery,
    search: PatientSearch,
    outcome: QueryOutcome,
  ): AsyncGenerator<QueryMatch> {
    if (query.level !== 'STUDY') return
    for (const { status, ura, name, reason = '' } of search.holders)
      if (status !== 'answered') outcome.silent.push({ ura, name, status, reason })
    for (const row of search.studies) {
      const { studyInstanceUid } = row
      if (studyInstanceUid === null) continue
      const name = search.holders.find(({ ura }) => ura === row.holder)?.name ?? ''
      const own = row.local ? await this.#deps.holdings.studyByUid(studyInstanceUid) : undefined
      const attributes = own === undefined ? foundAttributes(row, search.patient, name) : studyAttributes(own)
      attributes.set(...attribute('0020000D', studyInstanceUid))
      const holder = { ura: row.holder, name }
      yield {
        attributes,
        studyInstanceUid,
        holder,
        local: row.local,
        ...(row.local ? {} : { searchId: search.id }),
      }
    }
  }
}
