import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { InfiniteData } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { api } from '../api.ts'
import type { FoundStudy, HeldStudy, PatientSearch } from '../api-types.ts'
import { keys } from '../query-keys.ts'
import { useSearch } from '../queries.ts'
import { useSession } from '../session.ts'

/** A study as the viewer lists it: the one that was opened, and those it can be compared with. */
export interface OpenedStudy {
  handle: string
  studyInstanceUid: string
  description: string
  studyDate: string | null
  modalities: readonly string[]
  instances: number
  reports: number
  hospital: string
  /** Made elsewhere. */
  isExternal: boolean
}

export interface Opened {
  current: OpenedStudy
  /** Newest first, without the current one. */
  others: readonly OpenedStudy[]
}

const keyOf = (handle: string) => ['opened-study', handle] as const

/** Address of the viewer: a handle of our own and the number of a search, nothing of a patient. */
const viewerPath = (handle: string, searchId?: string) =>
  `/studie/${encodeURIComponent(handle)}${searchId === undefined ? '' : `?zoek=${encodeURIComponent(searchId)}`}`

/** Opens the viewer. The list that it may compare with stays in memory, where the page has it already. */
export function useOpenViewer() {
  const navigate = useNavigate()
  const client = useQueryClient()
  return {
    openFound: (searchId: string, handle: string) => void navigate(viewerPath(handle, searchId)),
    openHeld: (study: HeldStudy) => {
      const listed = client
        .getQueriesData<InfiniteData<{ studies: HeldStudy[] }>>({ queryKey: keys.studies })
        .flatMap(([, data]) => data?.pages.flatMap(({ studies }) => studies) ?? [])
      const all = new Map([study, ...listed].map((one) => [one.handle, one]))
      client.setQueryData(keyOf(study.handle), ofOnePatient(study, [...all.values()]))
      void navigate(viewerPath(study.handle))
    },
  }
}

/** Of the page before, or asked for again when the viewer was loaded by its address. `data` is null when there is no such study. */
export function useOpened(handle: string, searchId: string | undefined) {
  const { hospital } = useSession()
  const search = useSearch(searchId)
  const held = useQuery({
    queryKey: keyOf(handle),
    queryFn: () => findHeld(handle),
    enabled: searchId === undefined,
    staleTime: Infinity,
  })
  const source = searchId === undefined ? held : search
  const list =
    searchId === undefined
      ? held.data?.map((study) => fromHeld(study, hospital.name))
      : search.data && fromSearch(search.data, hospital.name, handle)
  const data = list === undefined ? undefined : pick(list, handle)
  return { data, error: source.error, refetch: () => void source.refetch() }
}

function pick(list: readonly OpenedStudy[], handle: string): Opened | null {
  const current = list.find((study) => study.handle === handle)
  if (current === undefined) return null
  const others = list
    .filter(({ studyInstanceUid }) => studyInstanceUid !== current.studyInstanceUid)
    .sort((a, b) => (b.studyDate ?? '').localeCompare(a.studyDate ?? ''))
  return { current, others }
}

/** One line a study: of several copies the own one is shown, so it is that one which is named (spec 14 §2). */
function fromSearch(search: PatientSearch, own: string, handle: string): OpenedStudy[] {
  const names = new Map(search.holders.map(({ ura, name }) => [ura, name]))
  const rows = new Map<string, FoundStudy>()
  for (const row of search.studies) {
    if (row.studyInstanceUid === null) continue
    const known = rows.get(row.studyInstanceUid)
    if (known === undefined || (row.local && !known.local)) rows.set(row.studyInstanceUid, row)
  }
  // Whichever copy's line was opened, it is this study.
  const asked = search.studies.find((row) => row.handle === handle)
  return [...rows.values()].map((row) => ({
    handle: row.studyInstanceUid === asked?.studyInstanceUid ? handle : row.handle,
    studyInstanceUid: row.studyInstanceUid ?? '',
    description: row.description,
    studyDate: row.studyDate,
    modalities: row.modalities,
    instances: row.instances,
    reports: row.reports,
    hospital: row.local ? own : (names.get(row.holder) ?? row.holder),
    isExternal: !row.local,
  }))
}

function fromHeld(study: HeldStudy, own: string): OpenedStudy {
  const { origin } = study
  return {
    handle: study.handle,
    studyInstanceUid: study.studyInstanceUid,
    description: study.description,
    studyDate: study.studyDate,
    modalities: study.modalities,
    instances: study.instances,
    reports: study.reports,
    hospital: origin.kind === 'local' ? own : origin.name || origin.ura || '',
    isExternal: origin.kind !== 'local',
  }
}

const ofOnePatient = (study: HeldStudy, all: readonly HeldStudy[]) =>
  all.filter(
    ({ handle, patient }) =>
      handle === study.handle ||
      (patient.localId !== '' &&
        patient.localId === study.patient.localId &&
        patient.issuer === study.patient.issuer),
  )

async function findHeld(handle: string): Promise<HeldStudy[]> {
  const all: HeldStudy[] = []
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
    const page = await api.studies(after)
    all.push(...page.studies)
    const study = all.find((one) => one.handle === handle)
    if (study !== undefined) return ofOnePatient(study, all)
    after = page.next
  }
  return []
}
