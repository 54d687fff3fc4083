import { Problem, Skeleton } from '@twiin/ui-kit'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useStatistics } from '../queries.ts'
import { MonthChart } from '../statistics/month-chart.tsx'
import { CoverageBar } from './coverage-bar.tsx'
import { KeyFigures } from './key-figures.tsx'
import { MemberList } from './member-list.tsx'
import { SimulationBanner } from './simulation-banner.tsx'
import type { Source } from './simulation-banner.tsx'

/** What anybody wants to know: how many exchange, how much, and who. */
export function CoveragePage() {
  const { t } = useTranslation()
  const { data, error, refetch } = useStatistics()
  const [source, setSource] = useState<Source>('simulated')
  useEffect(() => {
    document.title = `${t('coverage.title')} – Twiin`
  }, [t])
  if (error !== null && data === undefined)
    return (
      <>
        <h1>{t('coverage.title')}</h1>
        <Problem error={error} onRetry={() => void refetch()} />
      </>
    )
  if (data === undefined) return <Skeleton rows={12} />
  const { simulation } = data
  const isSimulated = simulation !== null && source === 'simulated'
  const figures = isSimulated ? simulation.figures : data
  const { exchanging, total } = figures.coverage.hospitals
  return (
    <>
      {simulation !== null && (
        <SimulationBanner simulation={simulation} source={source} onSource={setSource} />
      )}
      <section className="hero" aria-labelledby="headline">
        <h1 id="headline">
          {t(exchanging === 1 ? 'coverage.headlineOne' : 'coverage.headline', { exchanging, total })}
        </h1>
        <p className="hero-lead">{t('coverage.lead')}</p>
        <CoverageBar exchanging={exchanging} total={total} />
      </section>
      <KeyFigures figures={figures} studiesPerDisc={isSimulated ? 1 : data.studiesPerDisc} />
      <section className="stack" aria-labelledby="months">
        <h2 id="months">{t('coverage.monthsTitle')}</h2>
        <p className="muted">{t('coverage.monthsText')}</p>
        <MonthChart months={figures.months} />
      </section>
      <MemberList isSimulated={isSimulated} />
      <section className="join" aria-labelledby="join">
        <div>
          <h2 id="join">{t('coverage.joinTitle')}</h2>
          <p>{t('coverage.joinText')}</p>
        </div>
        <Link to="/aansluiten" className="button button-primary">
          {t('coverage.join')}
        </Link>
      </section>
    </>
  )
}
