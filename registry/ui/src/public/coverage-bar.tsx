import { useTranslation } from 'react-i18next'

/** So many hospitals can still be told apart as parts of one bar. */
const mostParts = 100

/** One part a hospital, filled for those that exchange; a plain bar when there are too many. */
export function CoverageBar({ exchanging, total }: { exchanging: number; total: number }) {
  const { t, i18n } = useTranslation()
  const percent = total === 0 ? 0 : Math.round((exchanging / total) * 100)
  const label = t('coverage.bar', {
    exchanging: exchanging.toLocaleString(i18n.language),
    total: total.toLocaleString(i18n.language),
    percent,
  })
  return (
    <figure className="coverage">
      <div className="coverage-bar" role="img" aria-label={label}>
        {total <= mostParts ? (
          Array.from({ length: total }, (_, at) => (
            <span key={at} className={at < exchanging ? 'part part-full' : 'part'} />
          ))
        ) : (
          <>
            <span className="part part-full" style={{ flexGrow: exchanging }} />
            <span className="part" style={{ flexGrow: total - exchanging }} />
          </>
        )}
      </div>
      <figcaption className="legend" aria-hidden>
        <span className="legend-first">
          {exchanging} {t('coverage.exchanging')}
        </span>
        <span className="legend-none">
          {total - exchanging} {t('coverage.notYet')}
        </span>
      </figcaption>
    </figure>
  )
}
