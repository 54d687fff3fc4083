import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import { ownerOf } from '@twiin/study-store'
import type { StudyRecord } from '@twiin/study-store'
import type { PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import type { FetchStudy } from '../retrieve/fetch-study.ts'
import type { Retrievals } from '../retrieve/retrievals.ts'
import type { TransferBook } from '../transfers/transfer-book.ts'
import { LocalStudy } from './local-study.ts'
import type { OpenStudy } from './local-study.ts'
import { RemoteStudy } from './remote-study.ts'
import type { OpenedStudies } from './opened-studies.ts'

export interface Wanted {
  studyInstanceUid: string
  /** Only what this search found. */
  searchId?: string
}

interface Deps {
  holdings: Holdings
  house: Pick<HouseStudies, 'isOpen'>
  searches: PatientSearches
  retrievals: Pick<Retrievals, 'request'>
  fetcher: FetchStudy
  book: TransferBook
  opened: OpenedStudies
  clock: Clock
}

interface Joined {
  retrievalId: string
  study: RemoteStudy
  search: PatientSearch
}

/** After a refusal the holder is not asked again for so long, however often a viewer repeats itself. */
const askAgainMs = 30_000

/**
 * Which study somebody means, and whether they may see it: what is held here, or what one of their searches found at
 * another hospital, which is then brought here once for all requests of theirs (spec 14 §3).
 */
export class ViewableStudies {
  readonly #options: { waitMs: number }
  readonly #deps: Deps
  /** Search, holder and study → its one retrieval. Goes with the searches, which live in memory too. */
  readonly #joined = new Map<string, Promise<Joined>>()

  constructor(options: { waitMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** On record when it resolves. Throws `NOT_FOUND`, `PATIENT_CONFLICT`, `EMERGENCY_NOT_OPEN`. */
  async open({ studyInstanceUid, searchId }: Wanted, person: Person): Promise<OpenStudy> {
    if (searchId !== undefined) {
      const search = await this.#deps.searches.toLookInto(searchId, person)
      return this.#found(search, studyInstanceUid, person) ?? notFound()
    }
    const [own, ...copies] = await this.#deps.holdings.copiesOf(studyInstanceUid)
    if (own?.origin.kind === 'local') return this.#local(own, person)
    for (const search of this.#searchesFor(studyInstanceUid, person)) {
      const study = this.#found(search, studyInstanceUid, person)
      if (study !== undefined) return study
    }
    for (const copy of own === undefined ? [] : [own, ...copies])
      if (await this.#deps.house.isOpen(copy)) return this.#local(copy, person)
    return notFound()
  }

  /** By which it is being brought already come first: a later search, made meanwhile, brings it no second time. */
  #searchesFor(studyInstanceUid: string, person: Person): PatientSearch[] {
    const isJoined = ({ id, studies }: PatientSearch) =>
      studies.some(
        (row) =>
          row.studyInstanceUid === studyInstanceUid &&
          this.#joined.has(keyOf({ searchId: id, holder: row.holder, studyInstanceUid })),
      )
    const searches = [...this.#deps.searches.of(person)]
    return [...searches.filter(isJoined), ...searches.filter((search) => !isJoined(search))]
  }

  #found(search: PatientSearch, studyInstanceUid: string, person: Person): Promise<OpenStudy> | undefined {
    const rows = search.studies.filter((row) => row.studyInstanceUid === studyInstanceUid)
    const row = rows.find(({ local }) => local) ?? rows[0]
    if (row === undefined) return undefined
    if (!row.local) return this.#brought(search, row.holder, studyInstanceUid, person)
    return this.#deps.holdings
      .studyByUid(studyInstanceUid)
      .then((study) => (study === undefined ? notFound() : this.#local(study, person)))
  }

  async #local(study: StudyRecord, person: Person): Promise<OpenStudy> {
    await this.#deps.opened.record(study, person)
    return new LocalStudy(study, ownerOf(study.origin), this.#deps.holdings)
  }

  async #brought(
    search: PatientSearch,
    holder: string,
    studyInstanceUid: string,
    person: Person,
  ): Promise<OpenStudy> {
    const key = keyOf({ searchId: search.id, holder, studyInstanceUid })
    const earlier = this.#joined.get(key)
    if (earlier !== undefined && !(await this.#isSpent(earlier))) return (await earlier).study
    // Who came first while we looked.
    const current = this.#joined.get(key)
    if (current !== undefined && current !== earlier) return (await current).study
    const joining = this.#join(search, holder, studyInstanceUid, person)
    this.#joined.set(key, joining)
    try {
      const { study } = await joining
      this.#forgetOld()
      return study
    } catch (error) {
      this.#joined.delete(key)
      throw error
    }
  }

  async #join(
    search: PatientSearch,
    holder: string,
    studyInstanceUid: string,
    person: Person,
  ): Promise<Joined> {
    const { holdings, retrievals, fetcher, book, opened } = this.#deps
    const order = { searchId: search.id, studyInstanceUid, holder, destination: 'viewer' } as const
    const retrievalId = await retrievals.request(order, person)
    const onFirstShown = () => opened.recordFound({ studyInstanceUid, search, holder, retrievalId })
    const study = new RemoteStudy(
      { ...this.#options, retrievalId },
      { book, fetcher, holdings, onFirstShown },
    )
    return { retrievalId, study, search }
  }

  /** It failed, and long enough ago to try again. */
  async #isSpent(joined: Promise<Joined>): Promise<boolean> {
    const retrieval = await this.#deps.book.get((await joined).retrievalId)
    return retrieval?.state === 'failed' && this.#deps.clock.now() - retrieval.updatedAt >= askAgainMs
  }

  #forgetOld(): void {
    for (const [key, joined] of this.#joined)
      void joined.then(
        ({ search }) => {
          if (this.#deps.searches.find(search.id, search.person) === undefined) this.#joined.delete(key)
        },
        () => {},
      )
  }
}

const keyOf = (of: { searchId: string; holder: string; studyInstanceUid: string }) =>
  `${of.searchId} ${of.holder} ${of.studyInstanceUid}`

function notFound(): never {
  throw new TwiinError('NOT_FOUND')
}
