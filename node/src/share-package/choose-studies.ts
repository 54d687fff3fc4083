import { TwiinError } from '@twiin/runtime'
import type { StudyRecord } from '@twiin/study-store'
import { ownerOf } from '@twiin/study-store'
import type { Filed } from '../filing/file-study.ts'
import type { Repository } from '@twiin/store'
import { patientOnRecord } from '../account/account.ts'
import { strangerOf } from '../disc/take-in-study.ts'
import type { FoundStudy, PatientSearch } from '../find/patient-search.ts'
import type { PatientSearches } from '../find/patient-searches.ts'
import type { Holdings } from '../holdings/holdings.ts'
import type { HouseStudies } from '../holdings/house-studies.ts'
import type { Person } from '../people/people-file.ts'
import type { NetworkBundle } from '../trust/network-bundle.ts'
import type { Chosen, ChosenStudy, PackageOrder } from './package-order.ts'
import { plainWords } from './plain-words.ts'
import { areOfOnePerson } from './same-person.ts'
import type { Stated } from './same-person.ts'
import { latestReports } from './share-reports.ts'

export interface ChooseDeps {
  studies: Pick<Holdings, 'instances' | 'readDataSet'>
  house: Pick<HouseStudies, 'copyToGive'>
  searches: Pick<PatientSearches, 'find' | 'of' | 'isAllowed'>
  /** `<handle>.<ura>` → under whom a copy of elsewhere was filed here. */
  filed: Pick<Repository<Filed>, 'get'>
  bundle: Pick<NetworkBundle, 'memberByUra'>
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
 * `SHARING_NOT_PERMITTED`: it was found in an emergency.
 */
export async function chooseStudies(
  self: Self,
  order: PackageOrder,
  person: Person,
  deps: ChooseDeps,
): Promise<{ chosen: Chosen; picked: Picked[] }> {
  const picked: Picked[] = []
  const seen = new Set<string>()
  for (const { studyInstanceUid, holder } of order.studies) {
    if (seen.has(studyInstanceUid)) continue
    seen.add(studyInstanceUid)
    const copy = await deps.house.copyToGive(studyInstanceUid)
    const isWanted = holder === undefined || holder === self.ura || holder === copyHolder(copy)
    picked.push(
      copy !== undefined && isWanted
        ? await ofCopy(copy, self, order, deps)
        : ofSearch({ studyInstanceUid, ...(holder && { holder }) }, order, person, deps),
    )
  }
  if (picked.length === 0) throw new TwiinError('STUDY_UNKNOWN')
  if (!areOfOnePerson(picked.map(({ stated }) => stated))) throw new TwiinError('IDENTITY_MISMATCH')
  return { chosen: chosenOf(picked), picked }
}

const copyHolder = (copy: StudyRecord | undefined) =>
  copy?.origin.kind === 'remote' ? copy.origin.ura : undefined

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
      youngestReport: latest.map(({ date }) => date).reduce((one, other) => (one > other ? one : other), ''),
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
export function inReadingOrder(name: string): string {
  const stated = name.split('=').find((part) => part.trim() !== '') ?? ''
  const [family = '', given = '', middle = ''] = stated.split('^').map((part) => part.trim())
  return [given, middle, family].filter((part) => part !== '').join(' ')
}

function ofSearch(
  wanted: { studyInstanceUid: string; holder?: string },
  order: PackageOrder,
  person: Person,
  { searches, bundle }: ChooseDeps,
): Picked {
  const named = order.searchId === undefined ? undefined : searches.find(order.searchId, person)
  let found: { search: PatientSearch; row: FoundStudy } | undefined
  for (const search of named === undefined ? searches.of(person) : [named]) {
    const row = search.studies.find(
      (one) =>
        one.studyInstanceUid === wanted.studyInstanceUid &&
        !one.local &&
        (wanted.holder === undefined || one.holder === wanted.holder),
    )
    if (row !== undefined) found ??= { search, row }
  }
  if (found === undefined) throw new TwiinError('STUDY_UNKNOWN')
  const { search, row } = found
  // Emergency access is for help; it hands nothing on (spec 25 §7).
  if (search.emergency !== undefined) throw new TwiinError('SHARING_NOT_PERMITTED', { reason: 'emergency' })
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
      studyInstanceUid: wanted.studyInstanceUid,
      date: row.studyDate ?? '',
      words: plainWords({ modalities: row.modalities, about: [row.description] }),
      hospital: holder?.name ?? bundle.memberByUra(row.holder)?.name ?? row.holder,
      holder: row.holder,
      local: false,
      reports: withReports,
      // Nobody knows before it is here; it is no older than its study.
      youngestReport: withReports > 0 ? (row.studyDate ?? '') : '',
      instances: row.instances - (order.reports === 'none' ? row.reports : 0),
      bytes: row.bytes,
    },
  }
}
