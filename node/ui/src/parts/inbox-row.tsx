import { Badge, formatDate, formatInstant } from '@twiin/ui-kit'
import { CircleCheck, CircleDashed, Send, Siren, UserRoundSearch } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { HeldStudy, Transfer, WorkItem } from '../api-types.ts'
import { formatName } from '../format.ts'
import type { SendableStudy } from './send-dialog.tsx'
import { TransferDetails } from './transfer-details.tsx'
import { TransferState } from './transfer-state.tsx'
import { WorkItemCard } from './work-item-card.tsx'

interface Props {
  arrival: Transfer
  /** Those of it that are here. */
  studies: readonly HeldStudy[]
  /** What a person has to decide of it. */
  item: WorkItem | undefined
  isChosen: boolean
  isOpen: boolean
  onChoose: () => void
  onToggle: () => void
  onSend: (studies: readonly SendableStudy[]) => void
}

export function InboxRow({ arrival, studies, item, isChosen, isOpen, onChoose, onToggle, onSend }: Props) {
  const { t, i18n } = useTranslation()
  const name = arrival.studyDescription || t('timeline.noDescription')
  const [study] = studies
  return (
    <>
      <tr className="row" data-open={isOpen} data-chosen={isChosen}>
        <td>
          <label className="check-target">
            <input
              type="checkbox"
              checked={isChosen}
              aria-label={t('inbox.chooseOne', { study: name })}
              onChange={onChoose}
            />
          </label>
        </td>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={arrival.id}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {name}
          </button>
          {arrival.urgency === 'urgent' && (
            <Badge tone="warning" icon={Siren}>
              {t('transfers.urgent')}
            </Badge>
          )}
          <span className="muted small block">
            {t('timeline.images', { count: arrival.instances.total })}
          </span>
        </td>
        <td className="hospital-cell">
          {arrival.counterparty.name}
          <span className="muted small block">
            {[
              arrival.sender,
              arrival.mailbox !== undefined && t('transfers.mailbox', { mailbox: arrival.mailbox }),
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </td>
        <td className="reason-cell">
          {arrival.sendReason}
          {arrival.note !== undefined && <span className="muted small block">{arrival.note}</span>}
        </td>
        <td className="patient-cell">
          {study !== undefined && (
            <span className="block">
              {formatName(study.patient.name)}{' '}
              <span className="muted small">{formatDate(study.patient.birthDate, i18n.language)}</span>
            </span>
          )}
          <Match arrival={arrival} item={item} />
        </td>
        <td className="state-cell">
          <TransferState transfer={arrival} />
        </td>
        <td className="nowrap">{formatInstant(arrival.updatedAt, i18n.language)}</td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={7}>
            <div className="stack">
              {item !== undefined && <WorkItemCard item={item} />}
              {studies.length > 0 && (
                <div>
                  <button type="button" className="button button-small" onClick={() => onSend(studies)}>
                    <Send aria-hidden size={14} />
                    {t('inbox.sendOn')}
                  </button>
                </div>
              )}
              <TransferDetails transfer={arrival} />
            </div>
          </td>
        </tr>
      )}
    </>
  )
}

/** Whether it is certain whose it is. */
function Match({ arrival: { state }, item }: { arrival: Transfer; item: WorkItem | undefined }) {
  const { t } = useTranslation()
  if (item?.state === 'open' || state === 'held')
    return (
      <Badge tone="warning" icon={UserRoundSearch}>
        {item?.comparison === undefined
          ? t('inbox.matchOpen')
          : t('inbox.matchScore', { score: item.comparison.score })}
      </Badge>
    )
  if (state === 'delivered')
    return (
      <Badge tone="good" icon={CircleCheck}>
        {t(item?.state === 'notice' ? 'inbox.matchApart' : 'inbox.matchSure')}
      </Badge>
    )
  return <Badge icon={CircleDashed}>{t('inbox.matchLater')}</Badge>
}
