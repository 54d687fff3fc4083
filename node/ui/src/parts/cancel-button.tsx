import { Ban } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import { TransferAction } from './transfer-action.tsx'

/** Ends a transfer for good; what others did with it already stands. */
export function CancelButton({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation()
  return (
    <TransferAction
      act={() => api.cancel(transfer.id)}
      label={t('transfer.cancel')}
      long={t('transfer.cancelLong', { study: transfer.studyDescription })}
      done={t('transfers.cancelled')}
      icon={Ban}
    />
  )
}
