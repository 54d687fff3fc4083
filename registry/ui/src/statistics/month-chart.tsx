import { useTranslation } from 'react-i18next'
import type { Figures } from '../api-types.ts'
import { formatCount, formatMonth, formatMonthTotal } from '../format.ts'
import { niceTop } from './nice-top.ts'

type Month = Figures['months'][number]

const mostMonths = 12
const countOf = ({ halves }: Month, half: 0 | 1) => halves[half]?.studies ?? 0
const sumOf = (month: Month) => countOf(month, 0) + countOf(month, 1)

/** Studies by month, each bar of two halves; the same figures stand in a table below it. */
export function MonthChart({ months }: { months: Figures['months'] }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const shown = months.slice(-mostMonths)
  const [first, last] = [shown[0], shown.at(-1)]
  if (first === undefined || last === undefined) return <p className="muted">{t('chart.empty')}</p>
  const best = shown.reduce((a, b) => (sumOf(b) > sumOf(a) ? b : a))
  const top = niceTop(sumOf(best))
  const summary = t('chart.summary', {
    from: formatMonth(first.month, language),
    to: formatMonth(last.month, language),
    top: formatMonth(best.month, language),
    count: formatMonthTotal(best, language),
  })
  return (
    <figure className="chart">
      <div className="chart-scroll" tabIndex={0} role="region" aria-label={t('chart.region')}>
        <div className="chart-plot" role="img" aria-label={summary}>
          <div className="chart-axis">
            {[top, top / 2, 0].map((mark) => (
              <span key={mark}>{mark.toLocaleString(language)}</span>
            ))}
          </div>
          <div className="chart-bars">
            {shown.map((month, at) => (
              <Bar
                key={month.month}
                month={month}
                top={top}
                withYear={at === 0 || month.month.endsWith('-01')}
              />
            ))}
          </div>
        </div>
      </div>
      <figcaption className="legend">
        <span className="legend-first">{t('chart.firstHalf')}</span>
        <span className="legend-second">{t('chart.secondHalf')}</span>
      </figcaption>
      <MonthTable months={months} />
    </figure>
  )
}

function Bar({ month, top, withYear }: { month: Month; top: number; withYear: boolean }) {
  const { i18n } = useTranslation()
  const part = (half: 0 | 1) => ({ blockSize: `${(countOf(month, half) / top) * 100}%` })
  return (
    <div className="chart-column">
      <div className="chart-stack">
        <span className="chart-value">{formatMonthTotal(month, i18n.language)}</span>
        <span className="bar-second" style={part(1)} />
        <span className="bar-first" style={part(0)} />
      </div>
      <span className="chart-month">
        {formatMonth(month.month, i18n.language, 'short')}
        {withYear && <span className="block">{month.month.slice(0, 4)}</span>}
      </span>
    </div>
  )
}

/** The same in numbers, for who cannot or would rather not see bars. */
function MonthTable({ months }: { months: Figures['months'] }) {
  const { t, i18n } = useTranslation()
  const count = (value: number | null | undefined) =>
    value === undefined ? '' : formatCount(value, i18n.language)
  return (
    <details className="twin">
      <summary>{t('app.showTable')}</summary>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={t('chart.table')}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t('chart.month')}</th>
              <th scope="col" className="end">
                {t('chart.firstHalf')}
              </th>
              <th scope="col" className="end">
                {t('chart.secondHalf')}
              </th>
              <th scope="col" className="end">
                {t('chart.total')}
              </th>
              <th scope="col" className="end">
                {t('chart.discs')}
              </th>
            </tr>
          </thead>
          <tbody>
            {[...months].reverse().map((month) => (
              <tr key={month.month}>
                <th scope="row">{formatMonth(month.month, i18n.language)}</th>
                <td className="end">{count(month.halves[0]?.studies)}</td>
                <td className="end">{count(month.halves[1]?.studies)}</td>
                <td className="end">{formatMonthTotal(month, i18n.language)}</td>
                <td className="end">{count(discsOf(month.halves))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

/** With one half untold, the sum is untold too. */
function discsOf(halves: Figures['months'][number]['halves']): number | null {
  let sum = 0
  for (const half of halves) {
    if (half === null) continue
    if (half.discsReplaced === null) return null
    sum += half.discsReplaced
  }
  return sum
}
