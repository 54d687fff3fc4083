import { Problem, Skeleton } from '@twiin/ui-kit'
import { Download } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Title } from '../frame/title.tsx'
import { useStatistics } from '../queries.ts'
import { CellBar, CoverageHistory } from './coverage-history.tsx'
import { MonthChart } from './month-chart.tsx'

const levels = [4, 3, 2, 1] as const

/** What really happened in this network; a simulation never shows here. */
export function StatisticsPage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useStatistics()
  return (
    <>
      <Title title={t('statistics.title')}>
        <a href="/api/v1/statistics.csv" download className="button">
          <Download aria-hidden size={16} />
          {t('statistics.download')}
        </a>
      </Title>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={10} />}
      {data !== undefined && (
        <>
          <section className="card stack" aria-labelledby="studies">
            <h2 id="studies">{t('statistics.studies')}</h2>
            <p className="muted">{t('statistics.studiesText')}</p>
            <MonthChart months={data.months} />
            <p className="muted small">{t('statistics.formula', { perDisc: data.studiesPerDisc })}</p>
          </section>
          <div className="dashboard">
            <section className="card stack" aria-labelledby="history">
              <h2 id="history">{t('statistics.coverage')}</h2>
              <p className="muted">{t('statistics.coverageText')}</p>
              <CoverageHistory history={data.history} total={data.coverage.hospitals.total} />
            </section>
            <section className="card stack" aria-labelledby="levels">
              <h2 id="levels">{t('statistics.levels')}</h2>
              <p className="muted">{t('statistics.levelsText')}</p>
              <table className="plain-table bar-table">
                <thead>
                  <tr>
                    <th scope="col">{t('statistics.level')}</th>
                    <th scope="col">{t('statistics.count')}</th>
                  </tr>
                </thead>
                <tbody>
                  {levels.map((level) => (
                    <tr key={level}>
                      <th scope="row">{t(`level.level${level}`)}</th>
                      <td>
                        <CellBar
                          value={data.byLevel[level]}
                          most={Math.max(1, ...Object.values(data.byLevel))}
                        />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          </div>
        </>
      )}
    </>
  )
}
