import { Problem, Skeleton } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ShareOrder } from '../api-types-shares.ts'
import { useSharePreview } from './share-queries.ts'

interface Props {
  order: ShareOrder
  /** Nothing is missing in the form. */
  isWhole: boolean
  byMail: boolean
}

/** The words that will leave, as the node writes them: nothing medical, no name. */
export function MessagePreview({ order, isWhole, byMail }: Props) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  if (!byMail) return null
  return (
    <details
      className="share-message"
      open={isOpen}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>{t('shares.create.message')}</summary>
      {isOpen &&
        (isWhole ? <Message order={order} /> : <p className="hint">{t('shares.create.messageNone')}</p>)}
    </details>
  )
}

function Message({ order }: { order: ShareOrder }) {
  const { t } = useTranslation()
  const { data, error, refetch } = useSharePreview(order, true)
  if (data === undefined)
    return error === null ? <Skeleton rows={4} /> : <Problem error={error} onRetry={() => void refetch()} />
  if (data.mail === null) return null
  return (
    <div className="share-mail">
      <p>
        <span className="muted">{t('shares.create.subject')}:</span>{' '}
        <strong lang={order.language}>{data.mail.subject}</strong>
      </p>
      <p className="report-text" lang={order.language}>
        {data.mail.text}
      </p>
      <p className="muted small">{t('shares.create.messageNote')}</p>
    </div>
  )
}
