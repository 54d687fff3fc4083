import { regionOf, regions } from './body-region.ts'
import type { Region } from './body-region.ts'
import type { TimelineStudy } from './merge-studies.ts'

export const sorts = ['date', 'modality', 'description', 'hospital', 'size'] as const
export type Sort = (typeof sorts)[number]

/** What is shown and in which order. Stands in the address, so nothing in it names a patient. */
export interface TimelineFilters {
  modalities: string[]
  regions: Region[]
  /** URAs. */
  hospitals: string[]
  /** Years, both included. */
  from?: number | undefined
  until?: number | undefined
  hasReport: boolean
  sort: Sort
  isReversed: boolean
}

export const noFilters: TimelineFilters = {
  ...{ modalities: [], regions: [], hospitals: [] },
  ...{ hasReport: false, sort: 'date', isReversed: false },
}

/** `#soort=CT,MR&gebied=chest&ziekenhuis=90000002&van=2018&tot=2024&verslag=1&volgorde=-size`; what makes no sense is left out. */
export function readFilters(hash: string): TimelineFilters {
  const query = new URLSearchParams(hash.replace(/^#/, '').slice(0, 1000))
  const list = (name: string, pattern: RegExp) =>
    (query.get(name) ?? '')
      .split(',')
      .filter((value) => pattern.test(value))
      .slice(0, 32)
  const year = (name: string) => {
    const value = query.get(name) ?? ''
    return /^(19|20)\d\d$/.test(value) ? Number(value) : undefined
  }
  const order = query.get('volgorde') ?? ''
  const [from, until] = [year('van'), year('tot')]
  return {
    modalities: list('soort', /^[A-Z]{2,8}$/),
    regions: list('gebied', /^[a-z]+$/).flatMap((name) => regions.find((region) => region === name) ?? []),
    hospitals: list('ziekenhuis', /^\d{8}$/),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    hasReport: query.get('verslag') === '1',
    sort: sorts.find((name) => name === order.replace('-', '')) ?? 'date',
    isReversed: order.startsWith('-'),
  }
}

export function writeFilters(filters: TimelineFilters): string {
  const { modalities, regions: parts, hospitals, from, until, hasReport, sort, isReversed } = filters
  const order = `${isReversed ? '-' : ''}${sort}`
  const said: [string, string][] = [
    ['soort', modalities.join(',')],
    ['gebied', parts.join(',')],
    ['ziekenhuis', hospitals.join(',')],
    ['van', String(from ?? '')],
    ['tot', String(until ?? '')],
    ['verslag', hasReport ? '1' : ''],
    ['volgorde', order === 'date' ? '' : order],
  ]
  return said.flatMap(([name, value]) => (value === '' ? [] : [`${name}=${value}`])).join('&')
}

export const isFiltered = ({
  modalities,
  regions: parts,
  hospitals,
  from,
  until,
  hasReport,
}: TimelineFilters) =>
  modalities.length + parts.length + hospitals.length > 0 ||
  from !== undefined ||
  until !== undefined ||
  hasReport

/** Those that fit, in the order asked for; ties stay as they were: newest first. */
export function chosenStudies(
  studies: readonly TimelineStudy[],
  filters: TimelineFilters,
  nameOf: (ura: string) => string,
): TimelineStudy[] {
  const fitting = studies.filter((study) => fits(study, filters))
  const { sort, isReversed } = filters
  if (sort === 'date') return isReversed ? fitting.reverse() : fitting
  const valueOf: Record<Exclude<Sort, 'date'>, (study: TimelineStudy) => string | number> = {
    modality: ({ modalities }) => modalities.join(' '),
    description: ({ description }) => description.toLowerCase(),
    hospital: ({ holder }) => nameOf(holder),
    // Largest first.
    size: ({ instances }) => -instances,
  }
  const value = valueOf[sort]
  const sign = isReversed ? -1 : 1
  return fitting.sort((a, b) => {
    const [one, other] = [value(a), value(b)]
    return one === other ? 0 : one < other ? -sign : sign
  })
}

function fits(study: TimelineStudy, filters: TimelineFilters): boolean {
  const { modalities, regions: parts, hospitals, from, until, hasReport } = filters
  const year = yearOf(study)
  return (
    (modalities.length === 0 || study.modalities.some((code) => modalities.includes(code))) &&
    (parts.length === 0 || parts.includes(regionOf(study.description))) &&
    (hospitals.length === 0 || [study.holder, ...study.also].some((ura) => hospitals.includes(ura))) &&
    (from === undefined || (year !== undefined && year >= from)) &&
    (until === undefined || (year !== undefined && year <= until)) &&
    (!hasReport || study.reports > 0)
  )
}

export function yearOf({ studyDate }: Pick<TimelineStudy, 'studyDate'>): number | undefined {
  const year = Number((studyDate ?? '').slice(0, 4))
  return year > 0 ? year : undefined
}
