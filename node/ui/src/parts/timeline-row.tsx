import { Badge, formatBytes, formatDate } from '@twiin/ui-kit'
import { Cloud, CloudOff, Download, FileText, House, Send } from 'lucide-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Transfer } from '../api-types.ts'
import type { TimelineStudy } from '../timeline/merge-studies.ts'
import { Modalities } from './modalities.tsx'
import { mayShare, ShareButton } from '../shares/share-button.tsx'
import { RetryButton } from './retry-button.tsx'
import { StudyDetails } from './study-details.tsx'
import { TransferState } from './transfer-state.tsx'
import { OpenFoundButton } from '../viewer/open-button.tsx'

/** What can be done from a row. Each stays the same function from one render to the next. */
export interface RowActs {
  onHover: (key: string | undefined) => void
  onToggle: (key: string) => void
  onRetrieve: (study: TimelineStudy) => void
  onSend: (study: TimelineStudy) => void
  onShare: (study: TimelineStudy) => void
}

interface Props extends RowActs {
  study: TimelineStudy
  names: ReadonlyMap<string, string>
  transfer: Transfer | undefined
  isAsked: boolean
  isOpen: boolean
  isCurrent: boolean
  isHovered: boolean
  mayRetrieve: boolean
}

/** Drawn again only when it changed itself: thousands of rows pass by while a person scrolls. */
export const TimelineRow = memo(function TimelineRow(props: Props) {
  const { t, i18n } = useTranslation()
  const { study, names, isOpen } = props
  const nameOf = (ura: string) => names.get(ura) ?? ura
  const also = study.also.map(nameOf)
  const description = study.description || t('timeline.noDescription')
  const images = t('timeline.images', { count: study.instances })
  return (
    <>
      <tr
        className={study.detail === 'index' ? 'row row-index' : 'row'}
        data-open={isOpen}
        data-chosen={props.isCurrent}
        data-hovered={props.isHovered}
        onPointerEnter={() => props.onHover(study.key)}
        onPointerLeave={() => props.onHover(undefined)}
      >
        <td className="nowrap date">{formatDate(study.studyDate, i18n.language) || t('app.unknown')}</td>
        <td className="modality-cell">
          <Modalities codes={study.modalities} />
        </td>
        <td className="main-cell">
          <button
            type="button"
            className={study.description === '' ? 'row-button muted' : 'row-button'}
            data-row={study.key}
            aria-expanded={isOpen}
            onClick={() => props.onToggle(study.key)}
          >
            {description}
          </button>
          {also.length > 0 && (
            <span className="muted small">
              {t('timeline.also')} {also.join(', ')}
            </span>
          )}
        </td>
        <td className="hospital-cell">{nameOf(study.holder)}</td>
        <td className="end nowrap size">
          {study.detail === 'index' ? t('timeline.about', { count: study.instances }) : images}
          {study.bytes > 0 && <span className="muted small"> {formatBytes(study.bytes, i18n.language)}</span>}
        </td>
        <td className="reports-cell">
          {study.reports > 0 && (
            <Badge icon={FileText}>{t('timeline.report', { count: study.reports })}</Badge>
          )}
        </td>
        <td className="state-cell">
          <RowState {...props} />
        </td>
        <td className="action-cell">
          <OpenFoundButton
            study={study}
            name={`${description} ${formatDate(study.studyDate, i18n.language)}`}
          />
          <RowAction {...props} description={description} />
          {mayShare(study) && (
            <ShareButton
              name={`${description} ${formatDate(study.studyDate, i18n.language)}`}
              onShare={() => props.onShare(study)}
            />
          )}
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={8}>
            <StudyDetails study={study} also={also} />
          </td>
        </tr>
      )}
    </>
  )
})

function RowState({ study, transfer, isAsked }: Props) {
  const { t } = useTranslation()
  if (study.local)
    return (
      <Badge tone="good" icon={House}>
        {t('timeline.local')}
      </Badge>
    )
  if (study.detail === 'index')
    return (
      <Badge tone="warning" icon={CloudOff} title={t('timeline.indexOnlyHelp')}>
        {t('timeline.indexOnly')}
      </Badge>
    )
  if (transfer !== undefined && !isAsked) return <TransferState transfer={transfer} />
  return <Badge icon={Cloud}>{t(isAsked ? 'timeline.retrieving' : 'timeline.remote')}</Badge>
}

function RowAction(props: Props & { description: string }) {
  const { t, i18n } = useTranslation()
  const { study, transfer, description } = props
  const name = `${description} ${formatDate(study.studyDate, i18n.language)}`
  if (study.local)
    return (
      <button
        type="button"
        className="button button-small"
        aria-label={t('timeline.sendLong', { study: name })}
        onClick={() => props.onSend(study)}
      >
        <Send aria-hidden size={14} />
        {t('timeline.send')}
      </button>
    )
  if (props.mayRetrieve)
    return (
      <button
        type="button"
        className="button button-small button-primary"
        aria-label={t('timeline.retrieveLong', { study: name })}
        disabled={props.isAsked}
        onClick={() => props.onRetrieve(study)}
      >
        <Download aria-hidden size={14} />
        {t('timeline.retrieve')}
      </button>
    )
  return transfer?.retryable === true ? <RetryButton transfer={transfer} /> : null
}
