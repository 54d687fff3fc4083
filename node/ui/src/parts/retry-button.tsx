import { useMutation } from '@tanstack/react-query'
import { say, useProblemText } from '@twiin/ui-kit'
import { RotateCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

export function RetryButton({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.retry(transfer.id),
    onSuccess: () => say({ text: t('transfers.retried'), tone: 'done' }),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: () => lookAgain(keys.transfers),
  })
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={t('transfer.retryLong', { study: transfer.studyDescription })}
      disabled={isPending}
      onClick={() => mutate()}
    >
      <RotateCw aria-hidden size={14} />
      {t('transfer.retry')}
    </button>
  )
}
