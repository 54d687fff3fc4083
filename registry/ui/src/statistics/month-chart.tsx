import { useTranslation } from 'react-i18next'
import type { Figures } from '../api-types.ts'
import { formatCount, formatMonth } from '../format.ts'
import { niceTop } from './nice-top.ts'

const height = 220
const barWidth = 40
const step = 76
const left = 56
const top = 28
const bottom = 40

/** Studies by month, each bar of two halves; the same figures stand in a table below it. */
export function MonthChart({ months }: { months: Figures['months'] }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  if (months.length === 0) return <p className="muted">{t('chart.empty')}</p>
  const shown = months.slice(-12)
  const countOf = (month: (typeof months)[number], half: 0 | 1) => month.halves[half]?.studies ?? 0
  const sums = shown.map((month) => countOf(month, 0) + countOf(month, 1))
  const highest = niceTop(Math.max(...sums))
  const best = sums.indexOf(Math.max(...sums))
  const width = left + shown.length * step
  const y = (count: number) => top + height * (1 - count / highest)
  return (
    <figure className="chart">
      <div className="chart-scroll" tabIndex={0} role="region" aria-label={t('coverage.monthsTitle')}>
        <svg
          viewBox={`0 0 ${width} ${top + height + bottom}`}
          style={{ inlineSize: `${width}px` }}
          role="img"
          aria-label={t('chart.summary', {
            from: formatMonth(shown[0]?.month ?? '', language),
            to: formatMonth(shown.at(-1)?.month ?? '', language),
            top: formatMonth(shown[best]?.month ?? '', language),
            count: formatCount(shown[best]?.studies ?? null, language),
          })}
        >
          {[0, 0.5, 1].map((part) => (
            <g key={part} className="chart-grid">
              <line x1={left} x2={width} y1={y(highest * part)} y2={y(highest * part)} />
              <text x={left - 8} y={y(highest * part) + 4} textAnchor="end">
                {(highest * part).toLocaleString(language, { notation: 'compact' })}
              </text>
            </g>
          ))}
          {shown.map((month, at) => {
            const x = left + at * step + (step - barWidth) / 2
            const [first, second] = [countOf(month, 0), countOf(month, 1)]
            return (
              <g key={month.month}>
                <rect
                  className="bar-first"
                  {...{ x, width: barWidth, y: y(first), height: y(0) - y(first) }}
                />
                <rect
                  className="bar-second"
                  {...{ x, width: barWidth, y: y(first + second), height: y(first) - y(first + second) }}
                />
                <text
                  className="chart-value"
                  x={x + barWidth / 2}
                  y={y(first + second) - 8}
                  textAnchor="middle"
                >
                  {formatCount(month.studies, language)}
                </text>
                <text className="chart-month" x={x + barWidth / 2} y={y(0) + 18} textAnchor="middle">
                  {formatMonth(month.month, language, 'short')}
                </text>
                {(at === 0 || month.month.endsWith('-01')) && (
                  <text className="chart-month" x={x + barWidth / 2} y={y(0) + 34} textAnchor="middle">
                    {month.month.slice(0, 4)}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      </div>
      <figcaption className="legend">
        <span className="legend-first">{t('chart.firstHalf')}</span>
        <span className="legend-second">{t('chart.secondHalf')}</span>
      </figcaption>
      <MonthTable months={months} />
    </figure>
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
      <div className="table-scroll" tabIndex={0} role="region" aria-label={t('app.showTable')}>
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
            {[...months].reverse().map(({ month, halves, studies }) => (
              <tr key={month}>
                <th scope="row">{formatMonth(month, i18n.language)}</th>
                <td className="end">{count(halves[0]?.studies)}</td>
                <td className="end">{count(halves[1]?.studies)}</td>
                <td className="end">{count(studies)}</td>
                <td className="end">{count(discsOf(halves))}</td>
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
