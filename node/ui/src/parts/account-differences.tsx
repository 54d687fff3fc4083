import { useInfiniteQuery } from '@tanstack/react-query'
import { Badge, Empty, Problem, Skeleton, formatDate, formatMoment } from '@twiin/ui-kit'
import { CircleCheck, Handshake, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { AccountDifference } from '../api-types.ts'
import type { Wording } from '../i18n/wording.ts'

type EventName = keyof Wording['events']

/** What this hospital and others do not agree on (spec 07 §9). */
export function AccountDifferences() {
  const { t } = useTranslation()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['account-differences'],
    queryFn: ({ pageParam }) => api.accountDifferences(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  })
  const differences = data?.pages.flatMap((page) => page.differences)
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (differences === undefined) return <Skeleton rows={6} />
  return (
    <>
      <p className="lead">{t('auditDifference.lead')}</p>
      {differences.length === 0 ? (
        <Empty
          icon={Handshake}
          title={t('auditDifference.emptyTitle')}
          text={t('auditDifference.emptyText')}
        />
      ) : (
        <div className="table-frame">
          <table className="table" aria-label={t('auditParts.differences')}>
            <thead>
              <tr>
                <th scope="col">{t('auditDifference.day')}</th>
                <th scope="col">{t('auditDifference.peer')}</th>
                <th scope="col">{t('auditDifference.what')}</th>
                <th scope="col">{t('auditDifference.here')}</th>
                <th scope="col">{t('auditDifference.there')}</th>
                <th scope="col">{t('audit.request')}</th>
              </tr>
            </thead>
            <tbody>
              {differences.map((each) => (
                <DifferenceRow key={`${each.peer.ura} ${each.day} ${each.requestId}`} difference={each} />
              ))}
            </tbody>
          </table>
        </div>
      )}
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

function DifferenceRow({ difference }: { difference: AccountDifference }) {
  const { t, i18n } = useTranslation()
  const { peer, day, code, given, received, settledAt } = difference
  const said = (events: readonly string[]) =>
    events.length === 0
      ? t('auditDifference.nothing')
      : events
          .map((each) => each.split('/')[0] ?? '')
          .map((name) => (i18n.exists(`events.${name}`) ? t(`events.${name as EventName}`) : name))
          .join(', ')
  return (
    <tr className="row">
      <td className="nowrap">{formatDate(day, i18n.language)}</td>
      <td>{peer.name}</td>
      <td className="main-cell">
        {t(`auditDifference.${code}`)}{' '}
        {given !== undefined && received !== undefined && (
          <span className="muted">{t('auditDifference.counts', { given, received })}</span>
        )}{' '}
        {settledAt === undefined ? (
          <Badge tone="bad" icon={TriangleAlert}>
            {t('auditDifference.open')}
          </Badge>
        ) : (
          <Badge tone="good" icon={CircleCheck}>
            {t('auditDifference.settled', { at: formatMoment(settledAt, i18n.language) })}
          </Badge>
        )}
      </td>
      <td>{said(difference.here)}</td>
      <td>{said(difference.there)}</td>
      <td className="small">{difference.requestId}</td>
    </tr>
  )
}
