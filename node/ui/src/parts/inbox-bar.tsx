import { useMutation } from '@tanstack/react-query'
import { say, useProblemText } from '@twiin/ui-kit'
import { Ban, RotateCw } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Transfer } from '../api-types.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { useSession } from '../session.ts'

/** The same for several arrivals at once; what does not apply to one of them is left out. Both are an operator's. */
export function InboxBar({ arrivals, onClear }: { arrivals: readonly Transfer[]; onClear: () => void }) {
  const { t } = useTranslation()
  const { user } = useSession()
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const retryable = arrivals.filter((one) => one.retryable)
  const cancellable = arrivals.filter((one) => one.cancellable)
  const act = useMutation({
    mutationFn: async ({ of, call }: { of: readonly Transfer[]; call: (id: string) => Promise<unknown> }) => {
      // One after the other: what fails first is what is told, the others are done.
      const ends = await Promise.allSettled(of.map(({ id }) => call(id)))
      const failed = ends.find((end) => end.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return of.length
    },
    onSuccess: (count) => {
      say({ text: t('inbox.bulkDone', { count }), tone: 'done' })
      onClear()
    },
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: () => lookAgain(keys.transfers),
  })
  return (
    <div className="send-bar" role="status">
      <span>{t('inbox.selected', { count: arrivals.length })}</span>
      {user.role !== 'operator' && <span className="muted">{t('inbox.operatorOnly')}</span>}
      <button type="button" className="button button-small" onClick={onClear}>
        {t('studies.clear')}
      </button>
      {user.role === 'operator' && (
        <>
          <button
            type="button"
            className="button button-small"
            disabled={act.isPending || retryable.length === 0}
            onClick={() => act.mutate({ of: retryable, call: api.retry })}
          >
            <RotateCw aria-hidden size={14} />
            {t('inbox.retrySome', { count: retryable.length })}
          </button>
          <button
            type="button"
            className="button button-small button-danger"
            disabled={act.isPending || cancellable.length === 0}
            onClick={() => act.mutate({ of: cancellable, call: api.cancel })}
          >
            <Ban aria-hidden size={14} />
            {t('inbox.stopSome', { count: cancellable.length })}
          </button>
        </>
      )}
    </div>
  )
}
