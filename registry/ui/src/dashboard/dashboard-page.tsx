import { Problem, Skeleton } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { Title } from '../frame/title.tsx'
import {
  useApplications,
  useCertificates,
  useLogState,
  useOrganisations,
  useRequests,
  useReviews,
  useStatistics,
} from '../queries.ts'
import { useNow } from '../use-now.ts'
import { AlarmList } from './alarm-list.tsx'
import { alarmsOf } from './alarms.ts'
import { LogStateCard } from './log-state-card.tsx'
import { NetworkCounts } from './network-counts.tsx'
import { WaitingList } from './waiting-list.tsx'

/** What waits, what is wrong, how the network stands. */
export function DashboardPage() {
  const { t } = useTranslation()
  const now = useNow()
  const statistics = useStatistics()
  const log = useLogState()
  const certificates = useCertificates()
  const organisations = useOrganisations()
  const reviews = useReviews()
  const all = [statistics, log, certificates, organisations, reviews, useApplications(), useRequests()]
  const failed = all.find(({ error, data }) => error !== null && data === undefined)
  const isComplete = all.every(({ data }) => data !== undefined)
  return (
    <>
      <Title title={t('dashboard.title')} />
      {failed !== undefined && (
        <Problem error={failed.error} onRetry={() => all.forEach((one) => void one.refetch())} />
      )}
      {!isComplete && failed === undefined && <Skeleton rows={10} />}
      {isComplete && (
        <>
          <div className="dashboard">
            <WaitingList now={now} />
            <AlarmList
              now={now}
              alarms={alarmsOf({
                now,
                certificates: certificates.data ?? [],
                organisations: organisations.data ?? [],
                reviews: reviews.data ?? [],
                log: log.data,
              })}
            />
          </div>
          {statistics.data !== undefined && <NetworkCounts statistics={statistics.data} />}
          {log.data !== undefined && <LogStateCard log={log.data} />}
        </>
      )}
    </>
  )
}
