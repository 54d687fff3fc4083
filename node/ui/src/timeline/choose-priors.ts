import { regionOf } from './body-region.ts'
import type { TimelineStudy } from './merge-studies.ts'

const most = 3

/** Earlier studies worth having beside this one: the same region, those of the same kind first, then the newest. */
export function priorsOf(study: TimelineStudy, all: readonly TimelineStudy[]): TimelineStudy[] {
  const region = regionOf(study.description)
  const date = study.studyDate
  if (region === 'other' || date === null) return []
  const isSameKind = (other: TimelineStudy) =>
    other.modalities.some((code) => study.modalities.includes(code))
  return all
    .filter(
      (other) =>
        other.key !== study.key &&
        (other.studyDate ?? '9999') < date &&
        regionOf(other.description) === region,
    )
    .sort(
      (a, b) =>
        Number(isSameKind(b)) - Number(isSameKind(a)) || (b.studyDate ?? '').localeCompare(a.studyDate ?? ''),
    )
    .slice(0, most)
}
