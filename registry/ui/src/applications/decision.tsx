import { formatMoment } from '@twiin/ui-kit'
import { Clock, UserRoundCheck } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Admitted, Application } from '../api-types.ts'
import { useReasonText } from '../parts/reason-text.ts'
import { useSession } from '../session.ts'
import { ApproveDialog } from './approve-dialog.tsx'
import { RejectDialog } from './reject-dialog.tsx'
import { TokenDialog } from './token-dialog.tsx'

interface Props {
  application: Application
  onChanged: (changed: Application) => void
}

/** Who agreed so far, and what this person can do about it. */
export function Decision({ application, onChanged }: Props) {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  const { user } = useSession()
  const [open, setOpen] = useState<'approve' | 'reject'>()
  const [admitted, setAdmitted] = useState<Admitted>()
  const { state, approvals, checks, reason } = application
  const own = approvals.find(({ by }) => by === user.id)
  const hasFailed = checks.some(({ result }) => result === 'failed')
  const mayDecide = user.role === 'administrator' && state === 'open'
  return (
    <section className="card stack" aria-labelledby="decision">
      <h2 id="decision">{t('application.decision')}</h2>
      <p className="eyes">
        {[0, 1].map((eye) => (
          <UserRoundCheck
            key={eye}
            aria-hidden
            size={22}
            className={eye < approvals.length ? 'eye eye-open' : 'eye'}
          />
        ))}
        <strong>{t('applications.approvalsOf', { count: approvals.length })}</strong>
      </p>
      {approvals.length > 0 && (
        <ul className="plain-list">
          {approvals.map(({ by = '', at }) => (
            <li key={by}>
              {by === user.id
                ? t('application.ownApproval', { at: formatMoment(at, i18n.language) })
                : t('application.approvalBy', { by, at: formatMoment(at, i18n.language) })}
            </li>
          ))}
        </ul>
      )}
      {reason !== undefined && (
        <p>
          {t('application.reason')}: {reasonText(reason)}
        </p>
      )}
      {mayDecide && own !== undefined && (
        <div className="notice notice-wait">
          <Clock aria-hidden size={20} />
          <div>
            <strong>{t('application.waitSecond')}</strong>
            <p>{t('application.waitSecondText')}</p>
          </div>
        </div>
      )}
      {mayDecide && hasFailed && <p className="hint-error">{t('application.cannotApprove')}</p>}
      {mayDecide && (
        <div className="actions">
          {own === undefined && !hasFailed && (
            <button type="button" className="button button-primary" onClick={() => setOpen('approve')}>
              {t(approvals.length === 0 ? 'application.approveFirst' : 'application.approveSecond')}
            </button>
          )}
          <button type="button" className="button button-danger" onClick={() => setOpen('reject')}>
            {t('application.reject')}
          </button>
        </div>
      )}
      {open === 'approve' && (
        <ApproveDialog
          application={application}
          onClose={() => setOpen(undefined)}
          onApproved={(answer) => {
            setOpen(undefined)
            const { enrolmentToken: _, expiresAt: __, ...changed } = answer
            onChanged(changed)
            if (answer.enrolmentToken !== undefined) setAdmitted(answer)
          }}
        />
      )}
      {open === 'reject' && (
        <RejectDialog
          application={application}
          onClose={() => setOpen(undefined)}
          onRejected={(changed) => {
            setOpen(undefined)
            onChanged(changed)
          }}
        />
      )}
      {admitted?.enrolmentToken !== undefined && (
        <TokenDialog
          name={admitted.organisation}
          token={admitted.enrolmentToken}
          expiresAt={admitted.expiresAt}
          onClose={() => setAdmitted(undefined)}
        />
      )}
    </section>
  )
}
