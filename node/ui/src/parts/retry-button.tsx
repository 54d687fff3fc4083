import { RotateCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import { TransferAction } from './transfer-action.tsx'

export function RetryButton({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation()
  return (
    <TransferAction
      act={() => api.retry(transfer.id)}
      label={t('transfer.retry')}
      long={t('transfer.retryLong', { study: transfer.studyDescription })}
      done={t('transfers.retried')}
      icon={RotateCw}
    />
  )
}
