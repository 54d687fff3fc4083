import { formatDate } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { OpenedStudy } from './opened-studies.ts'

interface Props {
  others: readonly OpenedStudy[]
  /** Handles of those in a pane. */
  shown: readonly string[]
  onCompare: (handle: string) => void
}

/** Studies of the same patient, newest first: one press puts one beside what is shown. */
export function PriorList({ others, shown, onCompare }: Props) {
  const { t, i18n } = useTranslation()
  return (
    <section className="viewer-priors" aria-labelledby="viewer-priors">
      <h2 id="viewer-priors">{t('viewer.priors')}</h2>
      {others.length === 0 && <p className="viewer-none">{t('viewer.priorsNone')}</p>}
      <ul className="viewer-series">
        {others.map((study) => {
          const description = study.description || t('timeline.noDescription')
          const date = formatDate(study.studyDate, i18n.language) || t('app.unknown')
          return (
            <li key={study.handle}>
              <button
                type="button"
                className="viewer-prior"
                aria-pressed={shown.includes(study.handle)}
                aria-label={t('viewer.compare', { study: `${description} ${date} ${study.hospital}` })}
                onClick={() => onCompare(study.handle)}
              >
                <span className="viewer-prior-date">
                  {date} · {study.modalities.join(', ')}
                </span>
                <span className="viewer-series-name">{description}</span>
                <span className="viewer-series-facts" data-external={study.isExternal}>
                  {study.hospital} · {t('viewer.frames', { count: study.instances })}
                </span>
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
