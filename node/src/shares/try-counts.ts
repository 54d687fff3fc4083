import type { FactorKind } from './share-record.ts'

/** What is known of the tries at a link, and how it goes on from there: the same for links that nobody made (spec 25 §4). */
export interface TryCounts {
  /** scrypt of the code; of a decoy where there is none. */
  readonly code: string
  /** Milliseconds since the Unix epoch, like all that follows. */
  readonly codeUntil: number
  /** Since it was made, or somebody was right. */
  readonly codeTries: number
  readonly linkTries: number
  readonly askedAt: number
  /** The day on which so many codes were asked for. */
  readonly askedDay: number
  readonly asked: number
  /** Wrong tries that no line of the audit tells of yet, and since when. */
  readonly refused: number
  readonly refusedSince: number
}

/** Of one code, of one link. A letter is one code; who logs in at a broker has none. */
const limits = {
  sms: { code: 5, link: 10 },
  letter: { code: 5, link: 5 },
  oidc: { code: 10, link: 10 },
} as const satisfies Record<FactorKind, { code: number; link: number }>

/** No end: a letter is valid as long as the share. */
export const forAsLongAsTheShare = 8.64e15
const smsValidMs = 10 * 60_000
const smsApartMs = 60_000
const mostAskedADay = 10
const dayMs = 24 * 3_600_000

export const freshCounts = (code: string, codeUntil: number): TryCounts => ({
  ...{ code, codeUntil, codeTries: 0, linkTries: 0 },
  ...{ askedAt: 0, askedDay: 0, asked: 0, refused: 0, refusedSince: 0 },
})

const triesLeft = (kind: FactorKind, { codeTries, linkTries }: TryCounts): number =>
  Math.max(0, Math.min(limits[kind].code - codeTries, limits[kind].link - linkTries))
/** Whatever code. */
export const linkTriesLeft = (kind: FactorKind, { linkTries }: TryCounts): number =>
  Math.max(0, limits[kind].link - linkTries)

export type Closed = 'locked' | 'code-spent'

/** Why no further code is judged; undefined when one is. */
export function closedBy(kind: FactorKind, counts: TryCounts): Closed | undefined {
  if (linkTriesLeft(kind, counts) === 0) return 'locked'
  return triesLeft(kind, counts) === 0 ? 'code-spent' : undefined
}

/** Before the code is looked at. */
export const afterTry = (counts: TryCounts, now: number): TryCounts => ({
  ...counts,
  codeTries: counts.codeTries + 1,
  linkTries: counts.linkTries + 1,
  refused: counts.refused + 1,
  refusedSince: counts.refusedSince === 0 ? now : counts.refusedSince,
})

export const afterRight = (counts: TryCounts): TryCounts => ({
  ...counts,
  ...{ codeTries: 0, linkTries: 0 },
  refused: Math.max(0, counts.refused - 1),
})

/** The same, of a code that began a session: it begins no other. */
export const afterSpent = (counts: TryCounts): TryCounts => ({ ...afterRight(counts), codeUntil: 0 })

/** The outcome of a wrong try that was counted. */
export const outcomeOf = (
  kind: FactorKind,
  counts: TryCounts,
): { outcome: 'wrong'; left: number } | { outcome: Closed } => {
  const outcome = closedBy(kind, counts)
  return outcome === undefined ? { outcome: 'wrong', left: triesLeft(kind, counts) } : { outcome }
}

export function mayAsk(kind: FactorKind, counts: TryCounts, now: number): boolean {
  if (kind !== 'sms' || closedBy(kind, counts) === 'locked') return false
  const asked = counts.askedDay === dayOf(now) ? counts.asked : 0
  return now - counts.askedAt >= smsApartMs && asked < mostAskedADay
}

export const afterAsked = (counts: TryCounts, code: string, now: number): TryCounts => ({
  ...counts,
  ...{ code, codeUntil: now + smsValidMs, codeTries: 0, askedAt: now, askedDay: dayOf(now) },
  asked: (counts.askedDay === dayOf(now) ? counts.asked : 0) + 1,
})

const dayOf = (now: number) => Math.floor(now / dayMs)
