import { formatBytes, formatDuration } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Counted, Transfer } from '../api-types.ts'

const part = ({ done, total }: Counted) => (total === 0 ? 0 : Math.min(1, done / total))

/** Bytes come over the line first; then the PACS takes the instances one by one. */
function fractionOf({ bytes, instances }: Transfer): number {
  return 0.8 * part(bytes) + 0.2 * part(instances)
}

/** A bar with what it means in words and, while bytes come in, how long it takes. */
export function TransferProgress({ transfer }: { transfer: Transfer }) {
  const { t, i18n } = useTranslation()
  const { bytes, instances, studyDescription } = transfer
  const percent = Math.floor(fractionOf(transfer) * 100)
  const left = useTimeLeft(transfer)
  const bytesCome = transfer.kind !== 'send' && bytes.total > 0 && bytes.done < bytes.total
  const words = bytesCome
    ? t('transfer.fetching', {
        percent: Math.floor(part(bytes) * 100),
        done: formatBytes(bytes.done, i18n.language),
        total: formatBytes(bytes.total, i18n.language),
      })
    : t(transfer.kind === 'send' ? 'transfer.sending' : 'transfer.storing', { ...instances })
  const time =
    bytesCome && left !== undefined
      ? ` · ${t('transfer.left', { time: formatDuration(left, i18n.language) })}`
      : ''
  return (
    <div className="progress">
      <div
        className="progress-track"
        role="progressbar"
        aria-label={t('transfer.progress', { study: studyDescription })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={words}
      >
        <div className="progress-bar" style={{ inlineSize: `${percent}%` }} />
      </div>
      <span className="progress-words">
        {words}
        {time}
      </span>
    </div>
  )
}

/** In seconds, by the speed since the page first saw this transfer. */
function useTimeLeft({ bytes, updatedAt }: Transfer): number | undefined {
  const [first] = useState({ done: bytes.done, at: Date.parse(updatedAt) })
  const seconds = (Date.parse(updatedAt) - first.at) / 1000
  const speed = (bytes.done - first.done) / seconds
  return seconds < 1 || speed <= 0 ? undefined : (bytes.total - bytes.done) / speed
}
