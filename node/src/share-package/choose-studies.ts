import { TwiinError } from '@twiin/runtime'
import type { Clock } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import { ownerOf } from '@twiin/study-store'
import type { Filed } from '../filing/file-study.ts'
import type { Repository } from '@twiin/store'
import { patientOnRecord } from '../account/account.ts'
import { strangerOf } from '../disc/take-in-study.ts'
import type { FoundStudy, PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { CameBy, HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Chosen, ChosenStudy, PackageOrder } from './package-order.ts'
import { plainWords } from './plain-words.ts'
import { areOfOnePerson } from './same-person.ts'
import type { Stated } from './same-person.ts'
import { latestReports, youngestOf } from './share-reports.ts'

export interface ChooseDeps {
  studies: Pick<Holdings, 'instances' | 'readDataSet'>
  house: Pick<HouseStudies, 'openCopies'>
  searches: Pick<PatientSearches, 'find' | 'of'>
  /** `<handle>.<ura>` → under whom a copy of elsewhere was filed here. */
  filed: Pick<Repository<Filed>, 'get'>
  bundle: Pick<NetworkBundle, 'memberByUra'>
  clock: Pick<Clock, 'now'>
}
export interface Self {
  ura: string
  name: string
  /** Of the local patient numbers, where a study names none. */
  patientIdIssuer: string
}

/** A study of the share, and where it is: a copy here, or found by a search at another hospital. */
export type Picked = { shown: ChosenStudy; stated: Stated } & (
  { copy: StudyRecord } | { copy?: undefined; search: PatientSearch }
)

/**
 * Which studies these are, and that they are all of one person. Throws `STUDY_UNKNOWN`, `IDENTITY_MISMATCH`,
 * `SEARCH_FIRST`: its holder is to be asked, by a search of this person; `SHARING_NOT_PERMITTED`: it came in an emergency.
 */
export async function chooseStudies(
  self: Self,
  order: PackageOrder,
  person: Person,
  deps: ChooseDeps,
): Promise<{ chosen: Chosen; picked: Picked[] }> {
  const picked: Picked[] = []
  const seen = new Set<string>()
  for (const study of order.studies) {
    if (seen.has(study.studyInstanceUid)) continue
    seen.add(study.studyInstanceUid)
    picked.push(await pick(study, self, order, person, deps))
  }
  if (picked.length === 0) throw new TwiinError('STUDY_UNKNOWN')
  if (!areOfOnePerson(picked.map(({ stated }) => stated))) throw new TwiinError('IDENTITY_MISMATCH')
  return { chosen: chosenOf(picked), picked }
}

/**
 * What was made here; else what a search that is named found at its holder, whom nobody can stand in for by sending a copy;
 * else what was given to this hospital; else what any search of this person found. A copy that was fetched was given for
 * looking: its holder is asked anew (spec 25 §7).
 */
async function pick(
  study: PackageOrder['studies'][number],
  self: Self,
  order: PackageOrder,
  person: Person,
  deps: ChooseDeps,
): Promise<Picked> {
  const open = await deps.house.openCopies(study.studyInstanceUid)
  const copyThatWas = (way: CameBy) => open.find(({ cameBy }) => cameBy === way)?.copy
  const given = study.holder === undefined ? copyThatWas('given') : undefined
  const isNamed = study.holder !== undefined || order.searchId !== undefined || given === undefined
  const made = copyThatWas('made')
  const found = made === undefined && isNamed ? foundBy(study, order, person, deps) : undefined
  if (found !== undefined) return ofSearch(study.studyInstanceUid, found, order, deps)
  const copy = made ?? given
  if (copy !== undefined) return ofCopy(copy, self, order, deps)
  if (copyThatWas('fetched') !== undefined || study.holder !== undefined) throw new TwiinError('SEARCH_FIRST')
  if (copyThatWas('fetched-in-emergency') !== undefined) throw atEmergency()
  throw new TwiinError('STUDY_UNKNOWN')
}

/** Emergency access is for help; it hands nothing on (spec 25 §7). */
const atEmergency = () => new TwiinError('SHARING_NOT_PERMITTED', { reason: 'emergency' })

function chosenOf(picked: readonly Picked[]): Chosen {
  const bsn = picked.map(({ stated }) => stated.citizenNumber).find((number) => number !== undefined)
  const local = picked.find(({ copy }) => copy?.origin.kind === 'local')?.copy
  return {
    studies: picked.map(({ shown }) => shown),
    patient: {
      ...(local === undefined ? {} : patientOnRecord(local)),
      ...(bsn === undefined ? {} : { citizenNumber: bsn }),
    },
    name: picked.map(({ stated }) => stated.name).find((name) => name !== '') ?? '',
    ...(bsn === undefined ? {} : { bsn }),
  }
}

async function ofCopy(
  copy: StudyRecord,
  self: Self,
  { reports }: PackageOrder,
  deps: ChooseDeps,
): Promise<Picked> {
  const latest =
    reports === 'none' || copy.reports === 0
      ? []
      : await latestReports(deps.studies.instances(copy.handle), deps)
  const { studyInstanceUid, studyDate, modalities, bodyParts, description } = copy
  return {
    copy,
    stated: await statedBy(copy, self, deps),
    shown: {
      studyInstanceUid,
      date: studyDate,
      words: plainWords({ modalities, about: [...bodyParts, description] }),
      hospital: hospitalOf(copy, self, deps),
      holder: self.ura,
      local: true,
      reports: latest.length,
      youngestReport: youngestOf(latest, deps.clock.now()),
      instances: copy.instances - (reports === 'none' ? copy.reports : 0),
      bytes: copy.bytes,
    },
  }
}

function hospitalOf({ origin }: StudyRecord, self: Self, { bundle }: ChooseDeps): string {
  if (origin.kind === 'local') return self.name
  return origin.kind === 'disc' ? origin.institution : (bundle.memberByUra(origin.ura)?.name ?? origin.ura)
}

async function statedBy(copy: StudyRecord, self: Self, { filed }: ChooseDeps): Promise<Stated> {
  const { patient, origin, handle, identityConflict } = copy
  const isOwn = origin.kind === 'local'
  const number = (owner: string, issuer: string, id: string) => JSON.stringify([owner, issuer, id])
  const own = (issuer: string, id: string) => number('local', issuer || self.patientIdIssuer, id)
  const numbers: string[] = []
  if (patient.localId !== '')
    numbers.push(
      isOwn ? own(patient.issuer, patient.localId) : number(ownerOf(origin), patient.issuer, patient.localId),
    )
  if (!isOwn) {
    // Whom a person said this is, when it was filed.
    const ura = origin.kind === 'disc' ? strangerOf(copy, '').ura : origin.ura
    const as = await filed.get(`${handle}.${ura}`)
    if (as !== undefined) numbers.push(own(as.patientId.issuer, as.patientId.id))
  }
  const [citizenNumber, ...others] = patient.citizenNumbers
  return {
    inDoubt: identityConflict || others.length > 0,
    ...(citizenNumber === undefined ? {} : { citizenNumber }),
    numbers,
    birthDate: patient.birthDate,
    name: inReadingOrder(patient.name),
  }
}

/** `Jansen^Anna^M.` → Anna M. Jansen; the first representation that says something. */
function inReadingOrder(name: string): string {
  const stated = name.split('=').find((part) => part.trim() !== '') ?? ''
  const [family = '', given = '', middle = ''] = stated.split('^').map((part) => part.trim())
  return [given, middle, family].filter((part) => part !== '').join(' ')
}

interface Found {
  search: PatientSearch
  row: FoundStudy
}

/** In the search that is named, or in any of this person that stands. */
function foundBy(
  wanted: PackageOrder['studies'][number],
  order: PackageOrder,
  person: Person,
  { searches }: ChooseDeps,
): Found | undefined {
  const named = order.searchId === undefined ? undefined : searches.find(order.searchId, person)
  let inEmergency: Found | undefined
  for (const search of named === undefined ? searches.of(person) : [named]) {
    const row = search.studies.find(
      (one) =>
        one.studyInstanceUid === wanted.studyInstanceUid &&
        !one.local &&
        (wanted.holder === undefined || one.holder === wanted.holder),
    )
    if (row === undefined) continue
    if (search.emergency === undefined) return { search, row }
    inEmergency ??= { search, row }
  }
  return inEmergency
}

function ofSearch(
  studyInstanceUid: string,
  { search, row }: Found,
  order: PackageOrder,
  { bundle, clock }: ChooseDeps,
): Picked {
  if (search.emergency !== undefined) throw atEmergency()
  const holder = search.holders.find(({ ura }) => ura === row.holder)
  const withReports = order.reports === 'all' ? row.reports : 0
  return {
    search,
    stated: {
      inDoubt: false,
      citizenNumber: search.bsn,
      numbers: [],
      birthDate: search.patient?.birthDate ?? search.birthDate ?? '',
      name: inReadingOrder(search.patient?.name ?? ''),
    },
    shown: {
      studyInstanceUid,
      date: row.studyDate ?? '',
      words: plainWords({ modalities: row.modalities, about: [row.description] }),
      hospital: holder?.name ?? bundle.memberByUra(row.holder)?.name ?? row.holder,
      holder: row.holder,
      local: false,
      reports: withReports,
      // Nobody knows before it is here; it is no older than its study.
      youngestReport: youngestOf(withReports > 0 ? [{ date: row.studyDate ?? '' }] : [], clock.now()),
      instances: row.instances - (order.reports === 'none' ? row.reports : 0),
      bytes: row.bytes,
    },
  }
}
