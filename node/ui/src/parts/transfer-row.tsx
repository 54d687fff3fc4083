import { Badge, formatInstant } from '@twiin/ui-kit'
import { ArrowDownToLine, ArrowUpFromLine, Disc3, Download, Siren } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Transfer } from '../api-types.ts'
import { formatName } from '../format.ts'
import { useSession } from '../session.ts'
import { RetryButton } from './retry-button.tsx'
import { UndoButton } from './undo-button.tsx'
import { TransferDetails } from './transfer-details.tsx'
import { TransferState } from './transfer-state.tsx'

const icons = { retrieval: Download, send: ArrowUpFromLine, arrival: ArrowDownToLine, disc: Disc3 } as const

interface Props {
  transfer: Transfer
  isOpen: boolean
  onToggle: () => void
}

export function TransferRow({ transfer, isOpen, onToggle }: Props) {
  const { t, i18n } = useTranslation()
  const { user } = useSession()
  const { kind, counterparty, patientName } = transfer
  const Icon = icons[kind]
  const direction = t(kind === 'send' ? 'transfers.to' : 'transfers.from', { name: counterparty.name })
  // A radiologist tries again what a person sent or fetched; what arrived by itself is the operator's.
  const mayRetry =
    transfer.retryable &&
    transfer.reason !== 'AWAITING_RECEIPT' &&
    (user.role === 'operator' || (kind !== 'arrival' && kind !== 'disc'))
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="nowrap kind-cell">
          <Icon aria-hidden size={16} /> {t(`transfers.${kind}`)}
          {transfer.urgency === 'urgent' && kind !== 'retrieval' && (
            <>
              {' '}
              <Badge tone="warning" icon={Siren}>
                {t('transfers.urgent')}
              </Badge>
            </>
          )}
        </td>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={transfer.id}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {transfer.studyDescription || t('timeline.noDescription')}
          </button>
          {patientName !== undefined && <span className="muted small block">{formatName(patientName)}</span>}
        </td>
        <td className="hospital-cell">
          {direction}
          {transfer.mailbox !== undefined && (
            <span className="muted small block">{t('transfers.mailbox', { mailbox: transfer.mailbox })}</span>
          )}
        </td>
        <td className="state-cell">
          <TransferState transfer={transfer} />
        </td>
        <td className="nowrap">{formatInstant(transfer.updatedAt, i18n.language)}</td>
        <td className="action-cell">
          {transfer.startsAt !== undefined && transfer.state === 'queued' ? (
            <UndoButton transfer={transfer} />
          ) : (
            mayRetry && <RetryButton transfer={transfer} />
          )}
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={6}>
            <TransferDetails transfer={transfer} />
          </td>
        </tr>
      )}
    </>
  )
}
