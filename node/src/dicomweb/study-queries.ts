import { matches, textsOf } from '@twiin/dicom'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { DeskQuery, QueryMatch, QueryOutcome, QueryRun } from '../query/query.ts'
import { studyAttributes } from './record-attributes.ts'

interface Deps {
  self: { ura: string; name: string }
  desk: { find(query: DeskQuery): QueryRun }
  holdings: Holdings
  searches: PatientSearches
  house: Pick<HouseStudies, 'isOpen'>
}

const studyUid = '0020000D'

/**
 * What the desk answers; and, since a viewer asks for a study by its UID before it opens it, studies so named that one of
 * this person's searches found, or that were sent here.
 */
export class StudyQueries {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  find(query: DeskQuery): QueryRun {
    const outcome: QueryOutcome = { silent: [], truncated: false }
    return { outcome, [Symbol.asyncIterator]: () => this.#answer(query, outcome) }
  }

  async *#answer(query: DeskQuery, outcome: QueryOutcome): AsyncGenerator<QueryMatch> {
    const missing = new Set(query.searchId === undefined ? textsOf(query.keys, studyUid) : [])
    const run = this.#deps.desk.find(query)
    for await (const match of run) {
      missing.delete(match.studyInstanceUid)
      yield match
    }
    Object.assign(outcome, run.outcome)
    for (const uid of missing) if (uid !== '') yield* this.#known(uid, query)
  }

  async *#known(uid: string, query: DeskQuery): AsyncGenerator<QueryMatch> {
    const { searches, desk, holdings, house, self } = this.#deps
    for (const search of searches.of(query.asker.person)) {
      if (!search.studies.some(({ studyInstanceUid }) => studyInstanceUid === uid)) continue
      let found = false
      for await (const match of desk.find({ ...query, searchId: search.id })) {
        if (match.studyInstanceUid !== uid) continue
        found = true
        yield match
      }
      if (found) return
    }
    if (query.level !== 'STUDY') return
    for (const copy of await holdings.copiesOf(uid)) {
      const attributes = studyAttributes(copy)
      if (!(await house.isOpen(copy)) || !matches(query.keys, attributes)) continue
      yield { attributes, studyInstanceUid: uid, holder: self, local: true }
      return
    }
  }
}
