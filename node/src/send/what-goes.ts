import type { StudyRecord } from '@twiin/study-store'
import type { Holdings } from '../holdings/holdings.ts'

/** Of a study: what goes with a send and what stays here (spec 17 §5). */
export interface WhatGoes {
  readonly instances: number
  readonly bytes: number
  readonly staying: readonly { readonly kind: string; readonly instances: number }[]
}

/** Kinds are series modalities. */
export async function whatGoes(
  study: StudyRecord,
  excluded: readonly string[],
  studies: Pick<Holdings, 'series'>,
): Promise<WhatGoes> {
  // Most studies hold none of them, and then nothing has to be counted.
  if (!study.modalities.some((modality) => excluded.includes(modality)))
    return { instances: study.instances, bytes: study.bytes, staying: [] }
  const staying = new Map<string, number>()
  let [instances, bytes] = [study.instances, study.bytes]
  for await (const series of studies.series(study.handle)) {
    if (!excluded.includes(series.modality)) continue
    instances -= series.instances
    bytes -= series.bytes
    staying.set(series.modality, (staying.get(series.modality) ?? 0) + series.instances)
  }
  return { instances, bytes, staying: [...staying].map(([kind, count]) => ({ kind, instances: count })) }
}
