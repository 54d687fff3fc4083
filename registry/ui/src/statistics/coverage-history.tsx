import { useTranslation } from 'react-i18next'
import type { Figures } from '../api-types.ts'
import { formatMonth } from '../format.ts'

/** How many exchanged at the end of each month: bars of text width, readable as a table as they stand. */
export function CoverageHistory({ history, total }: { history: Figures['history']; total: number }) {
  const { t, i18n } = useTranslation()
  if (history.length === 0) return <p className="muted">{t('chart.empty')}</p>
  const most = Math.max(total, ...history.map(({ hospitals, clinics }) => Math.max(hospitals, clinics)))
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t('chart.history')}>
      <table className="plain-table bar-table">
        <thead>
          <tr>
            <th scope="col">{t('chart.month')}</th>
            <th scope="col">{t('statistics.hospitals')}</th>
            <th scope="col">{t('statistics.clinics')}</th>
          </tr>
        </thead>
        <tbody>
          {[...history].reverse().map(({ month, hospitals, clinics }) => (
            <tr key={month}>
              <th scope="row" className="nowrap">
                {formatMonth(month, i18n.language)}
              </th>
              <td>
                <CellBar value={hospitals} most={most} />
              </td>
              <td>
                <CellBar value={clinics} most={most} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function CellBar({ value, most }: { value: number; most: number }) {
  return (
    <span className="cell-bar">
      <span className="cell-number">{value}</span>
      <span className="cell-track" aria-hidden>
        <span style={{ inlineSize: `${most === 0 ? 0 : (value / most) * 100}%` }} />
      </span>
    </span>
  )
}
