import { Empty, Problem, Skeleton, useRowKeys } from '@twiin/ui-kit'
import { LibraryBig } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { Title } from '../frame/title.tsx'
import { matches, SearchField } from '../parts/search-field.tsx'
import { useOrganisations, useRequests } from '../queries.ts'
import { OrganisationRow } from './organisation-row.tsx'

/** The directory, with what only the registry's people see; each with its self-test. */
export function OrganisationsPage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useOrganisations()
  const requests = useRequests().data ?? []
  const [params, setParams] = useSearchParams()
  const [filter, setFilter] = useState('')
  const onKeyDown = useRowKeys()
  const opened = params.get('toon')
  const shown = data?.filter(({ name, ura }) => matches(filter, name, ura)) ?? []
  return (
    <>
      <Title title={t('organisations.title')}>
        <SearchField value={filter} onChange={setFilter} />
      </Title>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={10} />}
      {data?.length === 0 && (
        <Empty icon={LibraryBig} title={t('organisations.emptyTitle')} text={t('organisations.emptyText')} />
      )}
      {data !== undefined && data.length > 0 && shown.length === 0 && (
        <p className="muted">{t('app.noMatch')}</p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of the buttons inside bubble up here */}
          <div onKeyDown={onKeyDown}>
            <table className="table" aria-label={t('organisations.label')}>
              <thead>
                <tr>
                  <th scope="col">{t('organisations.name')}</th>
                  <th scope="col">{t('organisations.state')}</th>
                  <th scope="col">{t('organisations.level')}</th>
                  <th scope="col">{t('organisations.mailboxes')}</th>
                  <th scope="col">{t('organisations.test')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((organisation) => (
                  <OrganisationRow
                    key={organisation.ura}
                    organisation={organisation}
                    request={requests.find(
                      ({ request }) => request.kind === 'quota' && request.ura === organisation.ura,
                    )}
                    isOpen={opened === organisation.ura}
                    onToggle={() =>
                      setParams(opened === organisation.ura ? {} : { toon: organisation.ura }, {
                        replace: true,
                      })
                    }
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
