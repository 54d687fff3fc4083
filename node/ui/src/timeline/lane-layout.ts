import { regionOf, regions } from './body-region.ts'
import type { TimelineStudy } from './merge-studies.ts'

export type LaneKind = 'region' | 'hospital'
export interface Mark {
  study: TimelineStudy
  /** In pixels. */
  x: number
  /** Above those it would cover. */
  level: number
}
export interface Lane {
  id: string
  marks: Mark[]
  levels: number
}
export interface LaneLayout {
  lanes: Lane[]
  ticks: { year: number; x: number }[]
  /** Not drawn: nobody knows when they were made. */
  undated: number
}

/** Marks closer than this would cover each other. */
const apart = 22
const mostLevels = 4
/** Between two years on the axis. */
const tickWidth = 56
const yearMs = 365.25 * 86_400_000

/** Where each study stands: its date along the width, its region or hospital as lane. */
export function layOut(studies: readonly TimelineStudy[], kind: LaneKind, width: number): LaneLayout {
  const dated = studies.flatMap((study) => {
    const at = Date.parse(study.studyDate ?? '')
    return Number.isNaN(at) ? [] : [{ study, at }]
  })
  const undated = studies.length - dated.length
  const [first, last] = [Math.min(...dated.map(({ at }) => at)), Math.max(...dated.map(({ at }) => at))]
  if (dated.length === 0) return { lanes: [], ticks: [], undated }
  const from = new Date(first).getUTCFullYear()
  const until = new Date(last).getUTCFullYear() + 1
  const scale = (at: number) =>
    ((at - Date.UTC(from)) / (Date.UTC(until) - Date.UTC(from))) * Math.max(width - 2 * apart, 1) + apart
  const laneOf = (study: TimelineStudy) => (kind === 'region' ? regionOf(study.description) : study.holder)
  const grouped = Map.groupBy(dated, ({ study }) => laneOf(study))
  const ids = kind === 'region' ? regions.filter((id) => grouped.has(id)) : [...grouped.keys()]
  const lanes = ids.map((id) =>
    laneFrom(
      id,
      (grouped.get(id) ?? []).map(({ study, at }) => ({ study, x: scale(at) })),
    ),
  )
  const step = Math.max(1, Math.ceil((until - from) / Math.max(1, Math.floor(width / tickWidth))))
  const years = Array.from(
    { length: Math.ceil((until - from + 1) / step) },
    (_, index) => from + index * step,
  )
  return {
    lanes,
    undated,
    ticks: years.map((year) => ({ year, x: scale(Date.UTC(from) + (year - from) * yearMs) })),
  }
}

function laneFrom(id: string, placed: readonly { study: TimelineStudy; x: number }[]): Lane {
  const ends: number[] = []
  const marks = [...placed]
    .sort((a, b) => a.x - b.x)
    .map(({ study, x }) => {
      const free = ends.findIndex((end) => x - end >= apart)
      const level = free >= 0 ? free : Math.min(ends.length, mostLevels - 1)
      ends[level] = x
      return { study, x, level }
    })
  return { id, marks, levels: Math.max(1, ends.length) }
}
