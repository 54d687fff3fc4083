import { useTranslation } from 'react-i18next'
import type { Figures, SafeCount } from '../api-types.ts'
import { formatCount, formatMonth } from '../format.ts'

/** Three figures with how each comes about; nothing that needs a hover to be understood. */
export function KeyFigures({ figures, studiesPerDisc }: { figures: Figures; studiesPerDisc: number }) {
  const { t, i18n } = useTranslation()
  const { language } = i18n
  const { clinics } = figures.coverage
  const latest = figures.months.at(-1)
  const [first] = figures.months
  const discs = figures.months
    .flatMap(({ halves }) => halves)
    .reduce((sum, half) => sum + (half?.discsReplaced ?? 0), 0)
  const monthCount: SafeCount | undefined = latest?.studies
  return (
    <dl className="figures">
      <div className="figure">
        <dt>{t('coverage.clinics')}</dt>
        <dd>
          <span className="figure-value">{clinics.joined.toLocaleString(language)}</span>
          <span className="muted">{t('coverage.clinicsExchanging', { count: clinics.exchanging })}</span>
        </dd>
      </div>
      <div className="figure">
        <dt>
          {latest === undefined
            ? t('coverage.studiesNone')
            : t('coverage.studies', { month: formatMonth(latest.month, language) })}
        </dt>
        <dd>
          <span className="figure-value">
            {monthCount === undefined ? '–' : formatCount(monthCount, language)}
          </span>
          <span className="muted">
            {t(latest === undefined ? 'coverage.noFigures' : 'coverage.studiesNote')}
          </span>
        </dd>
      </div>
      <div className="figure">
        <dt>{t('coverage.discs')}</dt>
        <dd>
          <span className="figure-value">{first === undefined ? '–' : discs.toLocaleString(language)}</span>
          <span className="muted">
            {first !== undefined &&
              `${t('coverage.discsSince', { month: formatMonth(first.month, language) })}; `}
            {t('coverage.discsFormula', { perDisc: studiesPerDisc.toLocaleString(language) })}
          </span>
        </dd>
      </div>
    </dl>
  )
}
