import type { StoredStudy } from './arrival.ts'
import type { InstanceRecord, SeriesRecord } from './records.ts'

const none = { series: 0, instances: 0, bytes: 0, reports: 0 }

/** Study and series after one of their instances, counted in both, was hidden. */
export function withHidden(
  study: StoredStudy,
  series: SeriesRecord,
  instance: InstanceRecord,
): { study: StoredStudy; series: SeriesRecord } {
  const before = study.hidden ?? none
  const left = { ...series, instances: series.instances - 1, bytes: series.bytes - instance.size }
  return {
    series: left,
    study: {
      ...study,
      hidden: {
        series: before.series + (left.instances === 0 ? 1 : 0),
        instances: before.instances + 1,
        bytes: before.bytes + instance.size,
        reports: before.reports + (instance.isReport ? 1 : 0),
      },
    },
  }
}

/** The study, when an instance comes into a series of which nothing was left. */
export function withSeriesAgain(study: StoredStudy): StoredStudy {
  const { hidden } = study
  return hidden === undefined ? study : { ...study, hidden: { ...hidden, series: hidden.series - 1 } }
}

/** What others see of its numbers. */
export function visible({ hidden, ...study }: StoredStudy): Omit<StoredStudy, 'hidden'> {
  if (hidden === undefined) return study
  const { series, instances, bytes, reports } = study
  return {
    ...study,
    series: series - hidden.series,
    instances: instances - hidden.instances,
    bytes: bytes - hidden.bytes,
    reports: reports - hidden.reports,
  }
}
