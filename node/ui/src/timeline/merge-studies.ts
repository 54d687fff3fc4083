import type { FoundStudy } from '../api-types.ts'

/** A study once, however many hospitals hold it. */
export interface TimelineStudy extends FoundStudy {
  /** Stays the same while more hospitals answer. */
  key: string
  /** URAs of the other hospitals that hold it. */
  also: string[]
}

/** One row for each study: the copy that is here, else that of the hospital that answered first. Order is kept. */
export function mergeStudies(studies: readonly FoundStudy[]): TimelineStudy[] {
  const merged = new Map<string, TimelineStudy>()
  for (const study of studies) {
    const key = study.studyInstanceUid ?? `${study.handle}@${study.holder}`
    const known = merged.get(key)
    if (known === undefined) merged.set(key, { ...study, key, also: [] })
    else if (study.local && !known.local)
      merged.set(key, { ...study, key, also: [known.holder, ...known.also] })
    else if (study.holder !== known.holder) known.also.push(study.holder)
  }
  return [...merged.values()]
}
