import { textsOf } from '@twiin/dicom'
import { TwiinError, codeOf, isTwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { Bsn } from '@twiin/patient-token'
import { parseBsn } from '@twiin/patient-token'
import type { Account } from '../account/account.ts'
import type { PatientSearch } from '../find/patient-search.ts'
import { isComplete } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { LocalPatients } from '../patients/local-patients.ts'
import type { LocalStudies } from './local-studies.ts'
import type { Asker, DeskQuery, Located, QueryMatch, QueryOutcome, QueryRun } from './query.ts'
import { key, patientNamed, single } from './query-keys.ts'
import type { NamedPatient } from './query-keys.ts'
import type { RemoteStudies } from './remote-studies.ts'

interface Deps {
  local: LocalStudies
  remote: RemoteStudies
  searches: PatientSearches
  studies: Holdings
  patients: OwnPatients
  /** The patient administration. */
  known: Pick<LocalPatients, 'numbered'>
  account: Account
  clock: Clock
}

const mostAnswers = 2000
const mostInstances = 50_000
/** A PACS asks the same several times in a row, level by level: a search that young is not begun anew. */
const freshMs = 5000

/** Answers queries of this hospital's systems and viewers from what it holds and what the others hold (spec 13). */
export class QueryDesk {
  readonly #options: { patientIdIssuer: string; waitMs: number }
  readonly #deps: Deps

  constructor(options: { patientIdIssuer: string; waitMs: number }, deps: Deps) {
    this.#options = options
    this.#deps = deps
  }

  /** See `QueryRun`. On record before the first answer. */
  find(query: DeskQuery): QueryRun {
    const outcome: QueryOutcome = { silent: [], truncated: false }
    return { outcome, [Symbol.asyncIterator]: () => this.#answer(query, outcome) }
  }

  /**
   * Where a study can be had from: here, or where this person's searches of the last day saw it. `keys` that name a
   * patient have him searched for first, when none did. Undefined when nobody is known to have it.
   */
  async locate(
    studyInstanceUid: string,
    asker: Asker,
    options: { keys?: DeskQuery['keys']; signal?: AbortSignal } = {},
  ): Promise<Located | undefined> {
    const own = await this.#deps.studies.studyByUid(studyInstanceUid)
    if (own !== undefined) return { local: true, handle: own.handle }
    if (!asker.federated) return undefined
    const known = this.#seen(studyInstanceUid, asker)
    if (known !== undefined || options.keys === undefined) return known
    const named = patientNamed(options.keys, this.#options.patientIdIssuer)
    if (named === undefined) return undefined
    const outcome: QueryOutcome = { silent: [], truncated: false }
    const search = await this.#searchFor(named, { level: 'STUDY', keys: options.keys, asker }, outcome)
    if (search === undefined) return undefined
    const query: DeskQuery = {
      level: 'STUDY',
      keys: new Map([[key.studyInstanceUid, { vr: 'UI', value: [studyInstanceUid] }]]),
      asker,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }
    for await (const _ of this.#deps.remote.find(search, query, outcome, this.#deadline())) break
    return this.#seen(studyInstanceUid, asker)
  }

  async *#answer(query: DeskQuery, outcome: QueryOutcome): AsyncGenerator<QueryMatch> {
    const ceiling = query.level === 'IMAGE' ? mostInstances : mostAnswers
    const limit = Math.min(query.limit ?? ceiling, ceiling)
    let answers = 0
    for await (const match of this.#all(query, outcome)) {
      if (answers++ === limit) {
        outcome.truncated = true
        return
      }
      yield match
    }
  }

  async *#all(query: DeskQuery, outcome: QueryOutcome): AsyncGenerator<QueryMatch> {
    const { local, remote } = this.#deps
    const named = await this.#namedIn(query)
    const until = this.#deadline()
    // Others are asked while this hospital's own answers go out.
    const asking = this.#searchFor(named, query, outcome)
    asking.catch(() => {})
    await this.#record(query, named)
    const seen = new Set<string>()
    for await (const match of local.find(query, named, outcome)) {
      seen.add(match.studyInstanceUid)
      yield match
    }
    const search = await this.#orTimeUp(asking, until, outcome, query.signal)
    if (query.level === 'PATIENT') {
      if (seen.size === 0 && search !== undefined)
        yield* this.#patientElsewhere(search, query, outcome, until)
      return
    }
    if (search === undefined) return
    const holders = new Map<string, string>()
    for await (const match of remote.find(search, query, outcome, until)) {
      const { studyInstanceUid: uid, holder } = match
      // A study that several have is that of who showed it first.
      if (seen.has(uid) || (holders.get(uid) ?? holder.ura) !== holder.ura) continue
      holders.set(uid, holder.ura)
      yield match
    }
  }

  /** A patient who has nothing here is known by what others say of him. */
  async *#patientElsewhere(
    search: PatientSearch,
    query: DeskQuery,
    outcome: QueryOutcome,
    until: number,
  ): AsyncGenerator<QueryMatch> {
    const studies: DeskQuery = { ...query, level: 'STUDY' }
    let first: QueryMatch | undefined
    let [count, instances] = [0, 0]
    for await (const match of this.#deps.remote.find(search, studies, outcome, until)) {
      first ??= match
      count++
      instances += Number(textsOf(match.attributes, key.studyInstances)[0] ?? 0)
    }
    if (first === undefined) return
    const attributes = new Map(
      [...first.attributes].filter(([tag]) => tag.startsWith('0010') || tag === key.retrieveAeTitle),
    )
    attributes.set(key.patientStudies, { vr: 'IS', value: [String(count)] })
    attributes.set(key.patientInstances, { vr: 'IS', value: [String(instances)] })
    yield { ...first, attributes, studyInstanceUid: '' }
  }

  async #namedIn({ keys, searchId, asker }: DeskQuery): Promise<NamedPatient | undefined> {
    if (searchId === undefined) return patientNamed(keys, this.#options.patientIdIssuer)
    const { bsn } = await this.#deps.searches.toLookInto(searchId, asker.person)
    return { bsn }
  }

  /** The search that tells what others have: this one's, one that is still fresh, or a new one. */
  async #searchFor(
    named: NamedPatient | undefined,
    query: DeskQuery,
    outcome: QueryOutcome,
  ): Promise<PatientSearch | undefined> {
    const { searches, clock } = this.#deps
    const { asker, keys, searchId } = query
    if (!asker.federated || query.localOnly === true) return undefined
    if (searchId !== undefined) return searches.toLookInto(searchId, asker.person)
    if (named === undefined) return this.#searchThatSaw(keys, asker)
    const who = await this.#who(named)
    if ('reason' in who) {
      outcome.silent.push({ ura: '', name: '', status: 'failed', reason: who.reason })
      return undefined
    }
    const birthDate = isoDate(single(keys, key.birthDate)) ?? who.birthDate
    const fresh = this.#searchesOf(asker).find(
      (search) =>
        search.bsn === who.bsn &&
        search.birthDate === birthDate &&
        clock.now() - search.begunAt < freshMs &&
        (!isComplete(search) || search.holders.every(({ status }) => status !== 'unreachable')),
    )
    if (fresh !== undefined) return fresh
    const question = {
      bsn: who.bsn,
      purpose: { basis: 'treatment' as const, reason: asker.by },
      protocol: `spec 13 §3: ${asker.by}`,
      ...(birthDate === undefined ? {} : { birthDate }),
    }
    return searches.find(await searches.begin(question, asker.person), asker.person)
  }

  /**
   * The person a query is about, if it is one for sure: as the patient administration has him, else as own studies do. The
   * birth date is the one on record here.
   */
  async #who({ local, bsn }: NamedPatient): Promise<{ bsn: Bsn; birthDate?: string } | { reason: string }> {
    const { studies, known } = this.#deps
    if (local === undefined) {
      if (bsn === undefined) return { reason: 'PATIENT_UNKNOWN' }
      const patient = await this.#deps.patients.find(bsn)
      return { bsn, ...(patient === undefined || patient.conflict ? {} : wholeDate(patient.birthDate)) }
    }
    const stated = await studies.patientByNumber(local.localId, local.issuer)
    const registered = await known.numbered(local)
    if (stated === undefined && registered === undefined) return { reason: 'PATIENT_UNKNOWN' }
    if (stated?.conflict === true || registered?.doubts.includes('bsn') === true)
      return { reason: 'PATIENT_CONFLICT' }
    const number = registered?.bsn ?? stated?.citizenNumber
    if (number === undefined) return { reason: 'BSN_UNKNOWN' }
    const own = parseBsn(number)
    if (bsn !== undefined && bsn !== own) return { reason: 'PATIENT_CONFLICT' }
    return { bsn: own, ...wholeDate(registered?.birthDate || stated?.birthDate || '') }
  }

  /** What was found in an emergency is looked into by who names the search, and by nobody else (spec 13 §2, 21 §2). */
  #searchesOf({ person }: Asker): IteratorObject<PatientSearch> {
    return this.#deps.searches.of(person).filter(({ emergency }) => emergency === undefined)
  }

  /** Series and instances are asked for by study alone, of what a search showed before. */
  #searchThatSaw(keys: DeskQuery['keys'], asker: Asker): PatientSearch | undefined {
    const uids = new Set(textsOf(keys, key.studyInstanceUid))
    return this.#searchesOf(asker).find(({ studies }) =>
      studies.some(({ studyInstanceUid, local }) => !local && uids.has(studyInstanceUid ?? '')),
    )
  }

  #seen(studyInstanceUid: string, asker: Asker): Located | undefined {
    for (const search of this.#searchesOf(asker)) {
      const row = search.studies.find(
        (study) => study.studyInstanceUid === studyInstanceUid && study.detail === 'holder' && !study.local,
      )
      const holder = search.holders.find(({ ura }) => ura === row?.holder)
      if (row !== undefined && holder !== undefined) {
        const { ura, name } = holder
        return { local: false, searchId: search.id, holder: ura, holderName: name, instances: row.instances }
      }
    }
    return undefined
  }

  /** What cannot be asked now leaves the local answers as they are, and is said. */
  async #orTimeUp(
    asking: Promise<PatientSearch | undefined>,
    until: number,
    outcome: QueryOutcome,
    signal: AbortSignal | undefined,
  ): Promise<PatientSearch | undefined> {
    const { clock } = this.#deps
    const done = new AbortController()
    const timeUp = clock.sleep(
      Math.max(0, until - clock.now()),
      signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]),
    )
    try {
      return await Promise.race([
        asking,
        timeUp.then(() => {
          throw new TwiinError('TOKEN_UNAVAILABLE')
        }),
      ])
    } catch (error) {
      signal?.throwIfAborted()
      if (isTwiinError(error, 'BSN_INVALID')) throw error
      outcome.silent.push({ ura: '', name: '', status: 'failed', reason: codeOf(error) })
      return undefined
    } finally {
      timeUp.catch(() => {})
      done.abort(new Error('done'))
    }
  }

  #deadline(): number {
    return this.#deps.clock.now() + this.#options.waitMs
  }

  /** The query itself; a search among others that it begins has a line of its own, which both ends know. */
  async #record({ asker, keys, level }: DeskQuery, named: NamedPatient | undefined): Promise<void> {
    const uids = textsOf(keys, key.studyInstanceUid).slice(0, 100)
    const patient = {
      ...(named?.bsn === undefined ? {} : { citizenNumber: named.bsn }),
      ...(named?.local === undefined ? {} : { localId: named.local.localId }),
    }
    await this.#deps.account.record({
      event: 'search',
      outcome: 'success',
      user: asker.person,
      purpose: { basis: 'treatment', reason: asker.by },
      protocol: `spec 13 §2: ${asker.by} ${level}`,
      ...(named === undefined ? {} : { patient }),
      ...(uids.length === 0 ? {} : { objects: { studyInstanceUids: uids } }),
    })
  }
}

/** An administration may know the year only. */
const wholeDate = (birthDate: string) => (birthDate.length === 10 ? { birthDate } : {})

function isoDate(date: string | undefined): string | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(date ?? '')
  return parts === null ? undefined : `${parts[1]}-${parts[2]}-${parts[3]}`
}
