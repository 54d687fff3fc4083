import { useInfiniteQuery } from '@tanstack/react-query'
import { Empty, Field, Problem, Skeleton } from '@twiin/ui-kit'
import { ScrollText, ShieldAlert, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { AuditTable } from '../parts/audit-table.tsx'
import { PageTitle } from '../parts/page-title.tsx'

const isoDay = (at: Date) =>
  `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`

/** Who did what with whose data (J9). Not refreshed by itself: every look is a line in the log. */
export function AuditPage() {
  const { t } = useTranslation()
  const [today] = useState(() => isoDay(new Date()))
  const [typed, setTyped] = useState({ from: today, to: today })
  const [range, setRange] = useState(typed)
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', range],
    queryFn: ({ pageParam }) =>
      api.auditEvents({ ...range, ...(pageParam === undefined ? {} : { after: pageParam }) }),
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
      <PageTitle title={t('audit.title')} />
      <form
        className="card search-form"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          if (typed.from === range.from && typed.to === range.to) void refetch()
          else setRange(typed)
        }}
      >
        {(['from', 'to'] as const).map((edge) => (
          <Field key={edge} label={t(`audit.${edge}`)}>
            {(control) => (
              <input
                {...control}
                type="date"
                max={today}
                value={typed[edge]}
                onChange={({ target }) => setTyped((before) => ({ ...before, [edge]: target.value }))}
              />
            )}
          </Field>
        ))}
        <div className="search-submit">
          <button type="submit" className="button button-primary">
            {t('audit.show')}
          </button>
        </div>
      </form>
      {chain !== undefined && (
        <p className={chain.ok ? 'notice notice-good' : 'notice notice-error'} role="status">
          {chain.ok ? <ShieldCheck aria-hidden size={18} /> : <ShieldAlert aria-hidden size={18} />}
          <span>
            {t(chain.ok ? 'audit.chainOk' : 'audit.chainBroken')}{' '}
            <span className="muted">{t('audit.note')}</span>
          </span>
        </p>
      )}
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
    </>
  )
}
