import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { EmergencyCard } from '../parts/emergency-card.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { useEmergencies, useStatus } from '../queries.ts'

/** Every use of emergency access, to be reviewed (spec 21 §4). */
export function EmergenciesPage() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useEmergencies()
  const [all, setAll] = useState(false)
  const accesses = data?.pages.flatMap((page) => page.accesses)
  // All of them, as in the menu: what is loaded here may be some.
  const waiting = useStatus().data?.emergencies.unreviewed
  const shown = accesses?.filter(({ review }) => all || review === undefined) ?? []
  return (
    <>
      <PageTitle title={t('emergencies.title')}>
        <label className="check">
          <input type="checkbox" checked={all} onChange={({ target }) => setAll(target.checked)} />
          {t('emergencies.showReviewed')}
        </label>
      </PageTitle>
      <p className="lead">{t('emergencies.lead')}</p>
      <p role="status" className="lead strong">
        {waiting !== undefined && t('emergencies.waiting', { count: waiting })}
      </p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {accesses === undefined && error === null && <Skeleton rows={6} />}
      {accesses !== undefined && shown.length === 0 && (
        <Empty icon={ShieldCheck} title={t('emergencies.emptyTitle')} text={t('emergencies.emptyText')} />
      )}
      {shown.map((access) => (
        <EmergencyCard key={access.id} access={access} />
      ))}
      {hasNextPage && (
        <div>
          <button
            type="button"
            className="button"
            disabled={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            {t('app.more')}
          </button>
        </div>
      )}
    </>
  )
}
