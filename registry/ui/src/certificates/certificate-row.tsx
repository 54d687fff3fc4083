import { Badge } from '@twiin/ui-kit'
import { Clock, History, Siren } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Certificate, OpenRequest, Review } from '../api-types.ts'
import { formatDay, short } from '../format.ts'
import { CertificateBadge } from '../parts/state-badges.tsx'
import { CertificateDetails } from './certificate-details.tsx'
import { DaysLeft } from './days-left.tsx'

interface Props {
  certificate: Certificate
  /** A newer one of the same key has taken its place. */
  isReplaced: boolean
  request: OpenRequest | undefined
  review: Review | undefined
  isOpen: boolean
  onToggle: () => void
}

export function CertificateRow(props: Props) {
  const { t, i18n } = useTranslation()
  const { certificate, isReplaced, request, review, isOpen, onToggle } = props
  const { serial, name, ura, status, notBefore, notAfter, approvedBy } = certificate
  return (
    <>
      <tr className="row" data-open={isOpen}>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={serial}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {name}
          </button>
          <span className="muted small block">URA {ura}</span>
        </td>
        <td className="code nowrap">{short(serial)}</td>
        <td>
          <div className="state">
            <CertificateBadge status={status} />
            {isReplaced && <Badge icon={History}>{t('certificates.replaced')}</Badge>}
            {request !== undefined && request.request.kind !== 'quota' && !isReplaced && (
              <Badge tone="accent" icon={Clock}>
                {t(`measure.${request.request.kind}`)}: {t('applications.approvalsOf', { count: 1 })}
              </Badge>
            )}
            {review !== undefined && !isReplaced && (
              <Badge tone="bad" icon={Siren}>
                {t('measure.unreviewed')}
              </Badge>
            )}
          </div>
        </td>
        <td className="nowrap">
          {t('certificates.fromTo', {
            from: formatDay(notBefore, i18n.language),
            to: formatDay(notAfter, i18n.language),
          })}
        </td>
        <td className="days-cell">
          <DaysLeft certificate={certificate} />
        </td>
        <td>{approvedBy.join(', ')}</td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={6}>
            <CertificateDetails {...{ certificate, request, review, isReplaced }} />
          </td>
        </tr>
      )}
    </>
  )
}
