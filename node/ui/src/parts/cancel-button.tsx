import { useMutation } from '@tanstack/react-query'
import { say, useProblemText } from '@twiin/ui-kit'
import { Ban } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** Ends a transfer for good; what others did with it already stands. */
export function CancelButton({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.cancel(transfer.id),
    onSuccess: () => say({ text: t('transfers.cancelled'), tone: 'done' }),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: () => lookAgain(keys.transfers),
  })
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={t('transfer.cancelLong', { study: transfer.studyDescription })}
      disabled={isPending}
      onClick={() => mutate()}
    >
      <Ban aria-hidden size={14} />
      {t('transfer.cancel')}
    </button>
  )
}
