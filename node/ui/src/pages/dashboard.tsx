import { Problem, Skeleton } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { ArchiveCard } from '../board/archive-card.tsx'
import { ConnectionCards } from '../board/connection-cards.tsx'
import { HealthCards } from '../board/health-cards.tsx'
import { PeersTable } from '../board/peers-table.tsx'
import { QualityTable } from '../board/quality-table.tsx'
import { RecallForm } from '../board/recall-form.tsx'
import { RulesPanel } from '../board/rules-panel.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { QueueTroubles } from '../parts/queue-cards.tsx'
import { useStatus } from '../queries.ts'

/** How the node is, and what its operator can do about it. */
export function DashboardPage() {
  const { t } = useTranslation()
  const { data: status, error, refetch } = useStatus()
  return (
    <>
      <PageTitle title={t('board.title')} />
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {status === undefined && error === null && <Skeleton rows={5} />}
      {status !== undefined && (
        <>
          <HealthCards status={status} />
          <QueueTroubles />
          <PeersTable status={status} />
        </>
      )}
      <ConnectionCards />
      <RulesPanel />
      <ArchiveCard />
      <QualityTable />
      <RecallForm />
    </>
  )
}
