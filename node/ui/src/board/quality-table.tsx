import { useQuery } from '@tanstack/react-query'
import { Problem } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Quality } from '../api-types-work.ts'
import { keys } from '../query-keys.ts'

const columns = ['received', 'present', 'valid', 'agreeing'] as const

/** How often studies bring a BSN that is right, by where they come from (spec 16 §5). */
export function QualityTable() {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery({
    queryKey: keys.quality,
    queryFn: api.quality,
    refetchInterval: 60_000,
  })
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  if (data === undefined || data.bsn.length === 0) return null
  return (
    <section className="stack">
      <h2>{t('quality.title')}</h2>
      <table className="table" aria-label={t('quality.title')}>
        <thead>
          <tr>
            <th scope="col">{t('studies.origin')}</th>
            {columns.map((column) => (
              <th key={column} scope="col" className="end">
                {t(`quality.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.bsn.map((source) => (
            <tr key={nameOf(source)} className="row">
              <td className="main-cell">{nameOf(source) || t('transfers.disc')}</td>
              {columns.map((column) => (
                <td key={column} className="end nowrap">
                  {source[column]}{' '}
                  {column !== 'received' && source.received > 0 && (
                    <span className="muted small">
                      {Math.round(
                        (source[column] / (column === 'agreeing' ? source.compared || 1 : source.received)) *
                          100,
                      )}{' '}
                      %
                    </span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {data.adt.some(({ invalid }) => invalid > 0) && (
        <p className="muted small">
          {data.adt
            .map(({ application, invalid }) => t('quality.adt', { application, count: invalid }))
            .join(' · ')}
        </p>
      )}
    </section>
  )
}

function nameOf(source: Quality['bsn'][number]): string {
  if (source.kind === 'partner') return source.name || source.ura
  return source.kind === 'device' ? `${source.callingAe} ${source.modality}` : ''
}
