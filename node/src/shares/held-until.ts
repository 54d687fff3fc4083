import type { ShareRecord } from './share-record.ts'

const dayMs = 24 * 3_600_000

/**
 * spec 25 §1: when a share with reports of these days (`YYYY-MM-DD`, '' where none goes along) opens, `earliest` at the
 * earliest: for a patient, unless it was discussed, when the youngest of them is old enough.
 */
export function opensFrom(
  earliest: number,
  days: readonly string[],
  of: Pick<ShareRecord, 'discussed' | 'recipient'> & { reports: 'all' | 'none' },
  delayDays: number,
): number {
  if (of.reports === 'none' || of.discussed || of.recipient.kind !== 'patient') return earliest
  const known = days.map((day) => Date.parse(`${day}T00:00:00Z`)).filter((at) => Number.isFinite(at))
  return Math.max(earliest, ...known.map((at) => at + delayDays * dayMs))
}
