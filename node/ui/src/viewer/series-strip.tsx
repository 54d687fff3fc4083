import { formatDate } from '@twiin/ui-kit'
import { RotateCw, Star } from 'lucide-react'
import { useProblemText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { thumbnailAddress } from './dicomweb-addresses.ts'
import type { OpenedStudy } from './opened-studies.ts'
import type { ReadSeries, ReadStudy } from './study-reader.ts'

interface Props {
  study: OpenedStudy
  read: ReadStudy
  /** Series in a pane; the active one of them. */
  shown: readonly string[]
  active: string | undefined
  /** Small pictures wait until the first large one is there. */
  hasPictures: boolean
  onSeries: (uid: string) => void
  onKeyImage: (key: string) => void
  onRetry: () => void
}

/** The series of one study, and how far it is here. */
export function SeriesStrip(props: Props) {
  const { t, i18n } = useTranslation()
  const problemText = useProblemText()
  const { study, read } = props
  const total = Math.max(study.instances, read.arrived)
  const isWhole = read.state === 'whole'
  const description = study.description || t('timeline.noDescription')
  return (
    <section className="viewer-strip" aria-label={`${t('viewer.strip')}: ${description}`}>
      <header className="viewer-strip-head">
        <strong>{description}</strong>
        <span>
          {formatDate(study.studyDate, i18n.language)} · {study.hospital}
        </span>
        {!isWhole && (
          <>
            <span
              className="viewer-progress"
              title={t('viewer.progressLong', { arrived: read.arrived, total })}
            >
              {t('viewer.progress', { arrived: read.arrived, total })}
            </span>
            <progress
              aria-label={t('viewer.progressLong', { arrived: read.arrived, total })}
              value={read.arrived}
              max={Math.max(total, 1)}
            />
          </>
        )}
        {read.problem !== undefined && (
          <div className="viewer-strip-problem" role="alert">
            <strong>{t('viewer.failedStudy')}</strong>
            <span>{problemText(read.problem)}</span>
            <button type="button" className="button button-small" onClick={props.onRetry}>
              <RotateCw aria-hidden size={14} />
              {t('viewer.retry')}
            </button>
          </div>
        )}
      </header>
      <ul className="viewer-series">
        {read.series.map((series) => (
          <li key={series.uid}>
            <SeriesButton {...props} series={series} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function SeriesButton({
  series,
  read,
  shown,
  active,
  hasPictures,
  onSeries,
  onKeyImage,
}: Props & { series: ReadSeries }) {
  const { t } = useTranslation()
  const middle = series.stack[Math.floor(series.stack.length / 2)]
  const marked = series.stack.filter(({ key }) => read.keyImages.has(key))
  const [firstMarked] = marked
  const number =
    series.number === undefined ? t('viewer.seriesUnnumbered') : t('viewer.series', { number: series.number })
  return (
    <>
      <button
        type="button"
        className="viewer-series-button"
        data-shown={shown.includes(series.uid)}
        aria-pressed={active === series.uid}
        onClick={() => onSeries(series.uid)}
      >
        <span className="viewer-thumb">
          {hasPictures && middle !== undefined && !series.isVideo && (
            <img src={thumbnailAddress(middle)} alt="" width={96} height={96} loading="lazy" />
          )}
        </span>
        <span className="viewer-series-text">
          <span className="viewer-series-name">{series.description || number}</span>
          <span className="viewer-series-facts">
            {series.modality} · {t('viewer.frames', { count: series.stack.length })}
          </span>
        </span>
      </button>
      {firstMarked !== undefined && (
        <button type="button" className="viewer-marked" onClick={() => onKeyImage(firstMarked.key)}>
          <Star aria-hidden size={12} />
          {t('viewer.marked', { count: marked.length })}
        </button>
      )}
    </>
  )
}
