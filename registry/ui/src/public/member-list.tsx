import { Empty, Problem, Skeleton } from '@twiin/ui-kit'
import { LibraryBig } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatDay } from '../format.ts'
import { matches, SearchField } from '../parts/search-field.tsx'
import { MemberBadge } from '../parts/state-badges.tsx'
import { useDirectory } from '../queries.ts'

/** Who has joined, and how they stand; searched while one types. */
export function MemberList({ isSimulated }: { isSimulated: boolean }) {
  const { t, i18n } = useTranslation()
  const { data, error, refetch } = useDirectory()
  const [filter, setFilter] = useState('')
  const shown = data?.filter(({ name, ura }) => matches(filter, name, ura)) ?? []
  return (
    <section className="stack" aria-labelledby="members">
      <div className="page-head">
        <h2 id="members">{t('coverage.listTitle')}</h2>
        {data !== undefined && data.length > 0 && <SearchField value={filter} onChange={setFilter} />}
      </div>
      {isSimulated && <p className="muted">{t('coverage.listNow')}</p>}
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={8} />}
      {data?.length === 0 && (
        <Empty icon={LibraryBig} title={t('coverage.listEmpty')} text={t('coverage.listEmptyText')} />
      )}
      {data !== undefined && data.length > 0 && (
        <p className="muted small" role="status">
          {shown.length === 0 ? t('app.noMatch') : t('coverage.shown', { count: shown.length })}
        </p>
      )}
      {shown.length > 0 && (
        <div className="table-frame">
          <div>
            <table className="table" aria-label={t('coverage.listLabel')}>
              <thead>
                <tr>
                  <th scope="col">{t('coverage.organisation')}</th>
                  <th scope="col">{t('coverage.kind')}</th>
                  <th scope="col">{t('coverage.level')}</th>
                  <th scope="col">{t('coverage.state')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(({ ura, name, category, level, state, since }) => (
                  <tr key={ura} className="row">
                    <td className="main-cell">
                      <strong>{name}</strong>
                      <span className="muted small block">URA {ura}</span>
                    </td>
                    <td>{t(`category.${category}`)}</td>
                    <td className="nowrap">{level === undefined ? '' : t('level.label', { level })}</td>
                    <td className="state-cell">
                      <div className="state">
                        <MemberBadge state={state} />
                        <span className="state-reason">
                          {t('coverage.since', { at: formatDay(since, i18n.language) })}
                        </span>
                      </div>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </section>
  )
}
