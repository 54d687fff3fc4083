import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { Inbox } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useSearchParams } from 'react-router'
import type { Application } from '../api-types.ts'
import { waitsFor } from '../dashboard/use-waiting.ts'
import { Title } from '../frame/title.tsx'
import { useApplications } from '../queries.ts'
import { useSession } from '../session.ts'
import { useNow } from '../use-now.ts'
import { ApplicationRow } from './application-row.tsx'

const filters = ['open', 'mine', 'closed', 'all'] as const

/** The queue: what is oldest stands on top, what is closed below it. */
export function ApplicationsPage() {
  const { t } = useTranslation()
  const { user } = useSession()
  const { data, error, refetch } = useApplications()
  const now = useNow()
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const onKeyDown = useRowKeys()
  const filter = filters.find((name) => name === params.get('toon')) ?? 'open'
  const belongs = {
    open: ({ state }: Application) => state === 'open',
    mine: (one: Application) => user.role === 'administrator' && waitsFor(one, user.id),
    closed: ({ state }: Application) => state !== 'open',
    all: () => true,
  }
  const shown = data?.filter(belongs[filter]).sort(byTurn) ?? []
  return (
    <>
      <Title title={t('applications.title')}>
        <fieldset className="segments">
          <legend className="hidden-text">{t('applications.filter')}</legend>
          {filters.map((name) => (
            <label key={name} className="segment">
              <input
                type="radio"
                name="filter"
                checked={filter === name}
                onChange={() => setParams(name === 'open' ? {} : { toon: name }, { replace: true })}
              />
              <span>
                {t(`applications.${name}`)}{' '}
                <span className="segment-count">{data?.filter(belongs[name]).length ?? ''}</span>
              </span>
            </label>
          ))}
        </fieldset>
      </Title>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={8} />}
      {data?.length === 0 && (
        <Empty icon={Inbox} title={t('applications.emptyTitle')} text={t('applications.emptyText')} />
      )}
      {data !== undefined && data.length > 0 && shown.length === 0 && (
        <p className="muted">{t('applications.emptyFilter')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table className="table" aria-label={t('applications.label')}>
              <thead>
                <tr>
                  <th scope="col">{t('applications.organisation')}</th>
                  <th scope="col">{t('applications.category')}</th>
                  <th scope="col">{t('applications.age')}</th>
                  <th scope="col">{t('applications.checks')}</th>
                  <th scope="col">{t('applications.approvals')}</th>
                  <th scope="col">{t('applications.state')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((application) => (
                  <ApplicationRow
                    key={application.id}
                    application={application}
                    now={now}
                    onOpen={() => void navigate(`/beheer/aanvragen/${application.id}`)}
                  />
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </>
  )
}

/** Open before closed; of the open ones the oldest first, of the closed ones the newest. */
function byTurn(a: Application, b: Application): number {
  if ((a.state === 'open') !== (b.state === 'open')) return a.state === 'open' ? -1 : 1
  return a.state === 'open' ? a.at.localeCompare(b.at) : b.at.localeCompare(a.at)
}
