import type { Attributes } from '@twiin/dicom'
import { attribute, matches, textsOf } from '@twiin/dicom'
import type { Clock } from '@twiin/runtime'
import type { SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'
import type { OwnPatients } from '../holdings/own-patients.ts'
import type { LocalPatients } from '../patients/local-patients.ts'
import type { PatientNumber } from '../patients/known-patient.ts'
import {
  instanceShown,
  ownPatient,
  ownStudy,
  patientAttributes,
  withInstance,
  withSeries,
} from './describe-match.ts'
import type { Place } from './describe-match.ts'
import type { DeskQuery, QueryMatch, QueryOutcome } from './query.ts'
import { daysOf, key, single, withoutPatientNumbers } from './query-keys.ts'
import type { NamedPatient } from './query-keys.ts'

/** Without a key to look up by, so many studies are looked at, newest first. */
const mostScanned = 5000

interface Deps {
  studies: Holdings
  patients: OwnPatients
  /** The patient administration: which numbers are one person's now. */
  known: Pick<LocalPatients, 'numbered'>
  clock: Clock
}

/** What this hospital made itself, by the keys of a query. Copies of others' studies are none of it. */
export class LocalStudies {
  readonly #place: Place & { ura: string; name: string }
  readonly #deps: Deps

  constructor(options: { place: Place & { ura: string; name: string } }, deps: Deps) {
    this.#place = options.place
    this.#deps = deps
  }

  async *find(
    query: DeskQuery,
    named: NamedPatient | undefined,
    outcome: QueryOutcome,
  ): AsyncGenerator<QueryMatch> {
    // The patient was looked up by his numbers: what a study calls him need not be how the query writes it.
    const keys = named === undefined ? query.keys : withoutPatientNumbers(query.keys)
    // Whose number was merged goes by the one he has now.
    const now = named?.local === undefined ? undefined : await this.#deps.known.numbered(named.local)
    if (query.level === 'PATIENT') {
      yield* this.#patients(query, keys, named, outcome)
      return
    }
    for await (const study of this.#candidates(query, named, outcome)) {
      query.signal?.throwIfAborted()
      const attributes = ownStudy(study, this.#place)
      if (now !== undefined) {
        attributes.set(...attribute(key.patientId, now.localId))
        attributes.set(...attribute(key.issuerOfPatientId, now.issuer))
      }
      if (!matchesKnown(keys, attributes)) continue
      for await (const match of this.#below(query, keys, study, attributes)) yield this.#match(study, match)
    }
  }

  async *#below(
    query: DeskQuery,
    keys: Attributes,
    study: StudyRecord,
    attributes: Attributes,
  ): AsyncGenerator<Attributes> {
    if (query.level === 'STUDY') {
      yield attributes
      return
    }
    const series = new Map<string, Attributes>()
    for await (const record of this.#deps.studies.series(study.handle)) {
      const described = withSeries(attributes, seriesShown(record))
      if (!matchesKnown(keys, described)) continue
      if (query.level === 'SERIES') yield described
      else series.set(record.seriesInstanceUid, described)
    }
    if (query.level === 'SERIES' || series.size === 0) return
    for await (const record of this.#deps.studies.instances(study.handle)) {
      const around = series.get(record.seriesInstanceUid)
      if (around === undefined) continue
      const described = withInstance(around, instanceShown(record))
      if (matchesKnown(keys, described)) yield described
    }
  }

  /** By the key that leaves the fewest; without any, the newest. */
  async *#candidates(
    { keys }: DeskQuery,
    named: NamedPatient | undefined,
    outcome: QueryOutcome,
  ): AsyncGenerator<StudyRecord> {
    const { studies, clock } = this.#deps
    const uids = textsOf(keys, key.studyInstanceUid)
    const accession = single(keys, key.accessionNumber)
    const days = daysOf(keys, clock.now())
    if (uids.length > 0) {
      const numbers = named?.local === undefined ? undefined : await this.#numbersOf(named.local)
      for (const uid of new Set(uids)) {
        const study = await studies.studyByUid(uid)
        if (study !== undefined && isOf(study, named?.bsn, numbers)) yield study
      }
    } else if (named !== undefined) {
      yield* this.#ofPatient(named)
    } else if (accession !== undefined) {
      yield* studies.studiesWithAccession(accession)
    } else if (days !== undefined) {
      for (const day of days) yield* studies.studiesOnDay(day)
    } else {
      yield* this.#newest(outcome)
    }
  }

  async *#newest(outcome: QueryOutcome): AsyncGenerator<StudyRecord> {
    let scanned = 0
    for await (const study of this.#deps.studies.studies({ reverse: true, limit: mostScanned + 1 })) {
      if (++scanned > mostScanned) {
        outcome.truncated = true
        return
      }
      if (study.origin.kind === 'local') yield study
    }
  }

  async *#ofPatient(named: NamedPatient): AsyncGenerator<StudyRecord> {
    const { studies, patients } = this.#deps
    const { local, bsn } = named
    if (local === undefined) {
      if (bsn !== undefined) yield* await patients.studiesOf(bsn)
      return
    }
    const found: StudyRecord[] = []
    for (const number of await this.#numbersOf(local)) {
      for await (const study of studies.studiesOfPatient(number)) {
        if (isOf(study, bsn)) found.push(study)
      }
    }
    yield* found.sort((a, b) => b.studyDate.localeCompare(a.studyDate) || b.receivedAt - a.receivedAt)
  }

  /** All that the person with this number goes by here, merged ones too; the one of today first. */
  async #numbersOf(number: PatientNumber): Promise<PatientNumber[]> {
    const known = await this.#deps.known.numbered(number)
    return known === undefined ? [number] : [known, ...known.merged]
  }

  async *#patients(
    query: DeskQuery,
    keys: Attributes,
    named: NamedPatient | undefined,
    outcome: QueryOutcome,
  ): AsyncGenerator<QueryMatch> {
    const seen = new Set<string>()
    for await (const candidate of this.#candidates(query, named, outcome)) {
      query.signal?.throwIfAborted()
      const { localId, issuer } = candidate.patient
      const who = JSON.stringify([issuer, localId, localId === '' ? candidate.handle : ''])
      if (seen.has(who)) continue
      seen.add(who)
      const described = new Map([
        ...patientAttributes(ownPatient(candidate)),
        ...[...ownStudy(candidate, this.#place)].filter(([tag]) => tag === key.retrieveAeTitle),
      ])
      if (!matchesKnown(keys, described)) continue
      const totals = { studies: 0, series: 0, instances: 0 }
      const own = localId === '' ? [candidate] : this.#deps.studies.studiesOfPatient({ localId, issuer })
      for await (const study of own) {
        totals.studies++
        totals.series += study.series
        totals.instances += study.instances
      }
      described.set(key.patientStudies, count(totals.studies))
      described.set(key.patientSeries, count(totals.series))
      described.set(key.patientInstances, count(totals.instances))
      yield { ...this.#match(candidate, described), studyInstanceUid: '' }
    }
  }

  #match({ studyInstanceUid }: StudyRecord, attributes: Attributes): QueryMatch {
    const { ura, name } = this.#place
    return { attributes, studyInstanceUid, holder: { ura, name }, local: true }
  }
}

const count = (number: number) => ({ vr: 'IS', value: [String(number)] })

function seriesShown({ seriesInstanceUid: uid, instances, ...series }: SeriesRecord) {
  return { ...series, uid, count: instances }
}

/** Keys that we do not know the answer to match everything (PS3.4 C.2.2.1.3: optional keys that are not supported). */
export function matchesKnown(keys: Attributes, attributes: Attributes): boolean {
  const known = new Map([...keys].filter(([tag]) => attributes.has(tag)))
  return matches(known, attributes)
}

/** Made here, and nobody else's as far as it says. */
function isOf({ patient, origin }: StudyRecord, bsn?: string, numbers?: readonly PatientNumber[]): boolean {
  const stated = patient.citizenNumbers
  const has = ({ localId, issuer }: PatientNumber) => patient.localId === localId && patient.issuer === issuer
  return (
    origin.kind === 'local' &&
    (numbers === undefined || numbers.some(has)) &&
    (bsn === undefined || stated.length === 0 || stated.join() === bsn)
  )
}
