import { useInfiniteQuery } from '@tanstack/react-query'
import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { Download, ScrollText, ShieldAlert, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, auditExportLink } from '../api.ts'
import type { AuditFilter, Chain } from '../api-types.ts'
import { isoDay } from '../format.ts'
import { AuditFilterForm } from './audit-filter.tsx'
import { AuditTable } from './audit-table.tsx'

/** The log itself. Not refreshed by itself: every look is a line in it. */
export function AuditLog() {
  const { t } = useTranslation()
  const [today] = useState(() => isoDay(new Date()))
  const [filter, setFilter] = useState<AuditFilter>({
    ...{ from: today, to: today, user: '', event: '', peer: '', outcome: '', emergency: false },
  })
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetching, isFetchingNextPage } =
    useInfiniteQuery({
      queryKey: ['audit', filter],
      queryFn: ({ pageParam }) =>
        api.auditEvents({ ...filter, ...(pageParam === undefined ? {} : { after: pageParam }) }),
      initialPageParam: undefined as number | undefined,
      getNextPageParam: ({ next }) => next,
      staleTime: Infinity,
      gcTime: 0,
      refetchOnWindowFocus: false,
    })
  const events = data?.pages.flatMap((page) => page.events)
  const chain = data?.pages.at(-1)?.chain
  return (
    <>
      <AuditFilterForm
        today={today}
        filter={filter}
        onShow={(next) => {
          if (JSON.stringify(next) === JSON.stringify(filter)) void refetch()
          else setFilter(next)
        }}
      />
      {chain !== undefined && <ChainBanner chain={chain} />}
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {events === undefined && error === null && <Skeleton rows={10} />}
      {events?.length === 0 && (
        <Empty icon={ScrollText} title={t('audit.emptyTitle')} text={t('audit.emptyText')} />
      )}
      {events !== undefined && events.length > 0 && <AuditTable events={events} />}
      {hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
        >
          {t('app.more')}
        </button>
      )}
      <div className="chips">
        <button type="button" className="button" disabled={isFetching} onClick={() => void refetch()}>
          {t('auditLog.check')}
        </button>
        {(['csv', 'fhir'] as const).map((format) => (
          <a key={format} className="button" href={auditExportLink(format, filter)} download>
            <Download aria-hidden size={16} />
            {t(format === 'csv' ? 'auditLog.exportCsv' : 'auditLog.exportFhir')}
          </a>
        ))}
        <a className="button" href="/api/v1/audit-heads" download="audit-heads.json">
          <Download aria-hidden size={16} />
          {t('auditLog.heads')}
        </a>
      </div>
    </>
  )
}

function ChainBanner({ chain }: { chain: Chain }) {
  const { t } = useTranslation()
  return (
    <div className={chain.ok ? 'notice notice-good' : 'notice notice-error'} role="status">
      {chain.ok ? <ShieldCheck aria-hidden size={18} /> : <ShieldAlert aria-hidden size={18} />}
      <span>
        {t(chain.ok ? 'audit.chainOk' : 'audit.chainBroken')}{' '}
        {chain.ok
          ? t('auditLog.intactTo', { seq: chain.head.seq })
          : t('auditLog.brokenAt', { seq: chain.firstBad })}{' '}
        <span className="muted">{t('audit.note')}</span>
      </span>
    </div>
  )
}
