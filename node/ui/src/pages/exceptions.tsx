import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { PageTitle } from '../parts/page-title.tsx'
import { WorkItemCard } from '../parts/work-item-card.tsx'
import { useExceptions } from '../queries.ts'

/** Studies that nobody may file by guessing: both sides beside each other, and a person decides (ADR 0004). */
export function ExceptionsPage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useExceptions()
  const [all, setAll] = useState(false)
  const open = data?.filter(({ state }) => state === 'open') ?? []
  const shown = [
    ...open,
    ...(data?.filter(({ state }) => state === 'notice' || (all && state === 'resolved')) ?? []),
  ]
  return (
    <>
      <PageTitle title={t('exceptions.title')}>
        <label className="check">
          <input type="checkbox" checked={all} onChange={({ target }) => setAll(target.checked)} />
          {t('exceptions.showResolved')}
        </label>
      </PageTitle>
      <p className="lead">{t('exceptions.lead')}</p>
      <p role="status" className="lead strong">
        {open.length > 0 && t('exceptions.openCount', { count: open.length })}
      </p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={6} />}
      {data !== undefined && shown.length === 0 && (
        <Empty icon={ShieldCheck} title={t('exceptions.emptyTitle')} text={t('exceptions.emptyText')} />
      )}
      {shown.map((item) => (
        <WorkItemCard key={item.id} item={item} />
      ))}
    </>
  )
}
