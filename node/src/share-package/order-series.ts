import type { InstanceRecord, SeriesRecord, StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'

/** A series as it is shown: its instances in order. */
export interface OrderedSeries {
  modality: string
  /** Only looked into. */
  about: readonly string[]
  instances: readonly InstanceRecord[]
}

/**
 * Instances as people page through them: by series number, then instance number; what has none stands last, as it came.
 */
export async function orderSeries(
  study: StudyRecord | undefined,
  instances: readonly InstanceRecord[],
  { studies }: { studies: Pick<Holdings, 'series'> },
): Promise<OrderedSeries[]> {
  const known = new Map<string, SeriesRecord>()
  if (study !== undefined)
    for await (const series of studies.series(study.handle)) known.set(series.seriesInstanceUid, series)
  const series = [...Map.groupBy(instances, ({ seriesInstanceUid }) => seriesInstanceUid)]
  return series
    .map(([uid, of]) => ({ record: known.get(uid), of }))
    .sort((one, other) => last(one.record?.number) - last(other.record?.number))
    .map(({ record, of }) => ({
      modality: record?.modality ?? '',
      about: [record?.bodyPart ?? '', record?.description ?? ''],
      instances: of.toSorted((one, other) => last(one.instanceNumber) - last(other.instanceNumber)),
    }))
}

/** No infinity: the difference of two would be no number. */
const last = (number: number | undefined) => number ?? Number.MAX_SAFE_INTEGER
