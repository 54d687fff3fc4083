import { formatDate } from '@twiin/ui-kit'
import { ImageDown, Star } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { formatName } from '../format.ts'
import type { ViewedFrame } from './image-facts.ts'
import type { OpenedStudy } from './opened-studies.ts'
import type { Look } from './surface.ts'

interface Props {
  frame: ViewedFrame
  at: number
  of: number
  study: OpenedStudy
  look: Look | undefined
  isMasked: boolean
  /** False of a picture that the node made: JPEG, whatever is stored. */
  isExact: boolean
  /** Title under which somebody marked it; undefined when nobody did. */
  marked: string | undefined
}

/** What must be known of a picture while one looks at it, in its corners. All of it is text of strangers, shown as text. */
export function PaneOverlay({ frame, at, of, study, look, isMasked, isExact, marked }: Props) {
  const { t, i18n } = useTranslation()
  const { instance } = frame
  const letters = look?.letters
  return (
    <div className="viewer-overlay">
      <div className="viewer-corner" data-corner="top-left">
        <Patient frame={frame} isMasked={isMasked} />
      </div>
      <div className="viewer-corner" data-corner="top-right">
        {study.isExternal && (
          <span className="viewer-badge">{t('viewer.external', { hospital: study.hospital })}</span>
        )}
        <span>{study.isExternal ? instance.institution : study.hospital}</span>
        <span>
          {formatDate(dashed(instance.date), i18n.language)} {clock(instance.time)}
        </span>
        <span>{study.description}</span>
      </div>
      <div className="viewer-corner" data-corner="bottom-left">
        {marked !== undefined && (
          <span className="viewer-mark">
            <Star aria-hidden size={12} />
            {marked === '' ? t('viewer.keyImage') : t('viewer.keyImageTitled', { title: marked })}
          </span>
        )}
        <span>
          {instance.seriesNumber === undefined
            ? t('viewer.seriesUnnumbered')
            : t('viewer.series', { number: instance.seriesNumber })}{' '}
          · {instance.modality}
        </span>
        <span>{instance.seriesDescription}</span>
        <span className="viewer-count">
          {t('viewer.image', { at: at + 1, of })}
          {instance.frames.length > 1 && ` · ${t('viewer.frame', { frame: frame.frame })}`}
        </span>
      </div>
      <div className="viewer-corner" data-corner="bottom-right">
        {(instance.isLossy || !isExact) && (
          <span className="viewer-lossy">
            <ImageDown aria-hidden size={12} />
            {instance.lossyRatio === undefined
              ? t('viewer.lossy')
              : t('viewer.lossyRatio', { ratio: rounded(instance.lossyRatio, 1) })}
          </span>
        )}
        <span>
          {instance.sliceThickness !== undefined &&
            t('viewer.slice', { mm: rounded(instance.sliceThickness, 1) })}
        </span>
        {look?.window !== undefined && (
          <span>
            {t('viewer.window', {
              width: rounded(look.window.width, 0),
              center: rounded(look.window.center, 0),
            })}
          </span>
        )}
        {look !== undefined && <span>{t('viewer.zoom', { factor: look.zoom.toFixed(2) })}</span>}
      </div>
      {letters !== undefined &&
        (['left', 'right', 'top', 'bottom'] as const).map((edge) => (
          <span key={edge} aria-hidden className="viewer-edge" data-edge={edge}>
            {letters[edge]}
          </span>
        ))}
    </div>
  )
}

function Patient({ frame, isMasked }: { frame: ViewedFrame; isMasked: boolean }) {
  const { t, i18n } = useTranslation()
  const { patient } = frame.instance
  if (isMasked) return <span className="viewer-masked">{t('viewer.masked')}</span>
  const born = formatDate(dashed(patient.birthDate), i18n.language)
  return (
    <>
      <strong>{formatName(patient.name) || t('app.unknown')}</strong>
      <span>{[born && t('viewer.born', { date: born }), patient.sex].filter(Boolean).join(' · ')}</span>
      <span>{patient.id}</span>
    </>
  )
}

/** DICOM's `YYYYMMDD` as the rest of the page has dates. */
const dashed = (date: string) => (/^\d{8}$/.test(date) ? date.replace(/(\d{4})(\d\d)/, '$1-$2-') : '')
const clock = (time: string) => (/^\d{4}/.test(time) ? `${time.slice(0, 2)}:${time.slice(2, 4)}` : '')
const rounded = (value: number, digits: number) => String(Number(value.toFixed(digits)))
