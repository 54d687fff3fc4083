import type { ChosenStudy } from '../share-package/package-order.ts'
import type { GivenShare, SharePreview } from './create-share.ts'
import { overReason } from './share-record.ts'
import type { Counted, ShareRecord, ShareState } from './share-record.ts'
import { closedBy, linkTriesLeft } from './try-counts.ts'
import type { TryCounts } from './try-counts.ts'

/** What the API shows of shares (spec 25 §6). */

const at = (time: number) => new Date(time).toISOString()
const counted = ({ count, last }: Counted) => ({ count, ...(last === undefined ? {} : { last: at(last) }) })

const shownStudy = ({ studyInstanceUid, date, words, hospital, reports, instances, bytes }: ChosenStudy) => ({
  ...{ studyInstanceUid, date, words, hospital, reports, instances, bytes },
})

interface Now {
  counts: TryCounts | undefined
  progress: { done: number; total: number }
  now: number
}

export function describeShare(
  record: ShareRecord,
  { counts, progress, now }: Now,
  detail: 'short' | 'whole' = 'short',
) {
  const { kind } = record.factor
  const isLocked = counts !== undefined && closedBy(kind, counts) === 'locked'
  const state: ShareState | 'locked' =
    overReason(record, now) ?? (record.state === 'open' && isLocked ? 'locked' : record.state)
  return {
    ...{ id: record.id, createdAt: at(record.createdAt) },
    createdBy: { id: record.createdBy.id, name: record.createdBy.name },
    ...{ recipient: record.recipient, factor: kind, state },
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    ...{ opensAt: at(record.opensAt), expiresAt: at(record.expiresAt) },
    ...{ studies: record.studies.map(shownStudy), bytes: record.bytes, progress },
    opened: counted(record.opened),
    viewed: counted(record.viewed),
    downloaded: counted(record.downloaded),
    triesLeft: counts === undefined ? 0 : linkTriesLeft(kind, counts),
    mail: record.mail,
    ...(detail === 'short'
      ? {}
      : { history: record.history.map((event) => ({ ...event, at: at(event.at) })) }),
  }
}

export const describeGiven = ({ record, url, code }: GivenShare) => ({
  ...{ id: record.id, url, state: record.state },
  ...{ opensAt: at(record.opensAt), expiresAt: at(record.expiresAt) },
  ...(code === undefined ? {} : { code }),
  mailed: record.mail !== 'none',
})

export const describePreview = ({ mail, opensAt, expiresAt, studies }: SharePreview) => ({
  ...{ mail, opensAt: at(opensAt), expiresAt: at(expiresAt), studies: studies.map(shownStudy) },
})
