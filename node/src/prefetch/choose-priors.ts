import type { FoundStudy } from '../find/patient-search.ts'
import { isOneOf, wordsOf } from '../routing/match-words.ts'
import type { PrefetchRule } from './prefetch-settings.ts'
import type { OrderFacts } from './read-order.ts'

/** The first rule that fits the order decides. */
export function ruleFor(rules: readonly PrefetchRule[], order: OrderFacts): PrefetchRule | undefined {
  return rules.find(
    ({ modality, bodyPart, words }) =>
      isOneOf(modality, order.modalities) &&
      isOneOf(bodyPart, order.bodyParts) &&
      isOneOf(words, wordsOf(order.description)),
  )
}

/** Found elsewhere, each once, the newest first: as many as the rule says, and no older. */
export function choosePriors(
  { priors, years, studies }: PrefetchRule,
  found: readonly FoundStudy[],
  now: number,
): (FoundStudy & { studyInstanceUid: string })[] {
  const from = new Date(now)
  from.setUTCFullYear(from.getUTCFullYear() - years)
  const oldest = from.toISOString().slice(0, 10)
  const here = new Set(found.filter(({ local }) => local).map(({ studyInstanceUid }) => studyInstanceUid))
  const chosen = new Map<string, FoundStudy & { studyInstanceUid: string }>()
  const newestFirst = found.toSorted((a, b) => ((a.studyDate ?? '') < (b.studyDate ?? '') ? 1 : -1))
  for (const study of newestFirst) {
    const { studyInstanceUid, studyDate, modalities, description } = study
    if (studyInstanceUid === null || here.has(studyInstanceUid) || chosen.has(studyInstanceUid)) continue
    if (studyDate === null || studyDate < oldest) continue
    if (!isOneOf(priors?.modality, modalities) || !isOneOf(priors?.words, wordsOf(description))) continue
    if (chosen.size < studies) chosen.set(studyInstanceUid, { ...study, studyInstanceUid })
  }
  return [...chosen.values()]
}
