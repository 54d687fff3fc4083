import { CircleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api.ts'
import { useProblemText } from './problem-text.ts'

/** What happened, what it means, what to do, and what to mention. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const reference = error instanceof ApiError ? error.instance : undefined
  return (
    <div className="notice notice-error" role="alert">
      <CircleAlert aria-hidden size={20} />
      <div>
        <strong>{t('problem.title')}</strong>
        <p>{problemText(error)}</p>
        {reference !== undefined && <p className="muted small">{t('problem.reference', { reference })}</p>}
        {onRetry !== undefined && (
          <button type="button" className="button" onClick={onRetry}>
            {t('app.retry')}
          </button>
        )}
      </div>
    </div>
  )
}
