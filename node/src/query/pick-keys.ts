import type { Attributes } from '@twiin/dicom'
import type { QueryLevel } from './query.ts'
import { key } from './query-keys.ts'

const aboutTheQuery: ReadonlySet<string> = new Set(['00080005', '00080053', '00080201', key.level])
/** Answered whether asked for or not: how a study is retrieved, and where it lies (spec 13 §3). */
const always = [key.retrieveAeTitle, key.instanceAvailability, key.institutionName]

/** The answer to a query: the keys it has, empty where nothing is known, and where the match is to be had. */
export function pickKeys(match: Attributes, keys: Attributes, level: QueryLevel): Attributes {
  const answer: Attributes = new Map([[key.level, { vr: 'CS', value: [level] }]])
  for (const [tag, { vr }] of keys) {
    if (aboutTheQuery.has(tag) || tag.endsWith('0000')) continue
    answer.set(tag, match.get(tag) ?? { vr, value: [] })
  }
  for (const tag of always) {
    const value = match.get(tag)
    if (value !== undefined) answer.set(tag, value)
  }
  return answer
}
