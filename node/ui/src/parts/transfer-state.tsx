import { Badge, formatInstant, formatMoment, useCodeText } from '@twiin/ui-kit'
import type { Tone } from '@twiin/ui-kit'
import { Ban, CircleAlert, CircleCheck, Clock, Loader, UserRoundSearch } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Transfer } from '../api-types.ts'
import { codes } from '../i18n/nl-codes.ts'
import { TransferProgress } from './transfer-progress.tsx'

const looks = {
  queued: { tone: 'plain', icon: Clock },
  running: { tone: 'accent', icon: Loader },
  delivered: { tone: 'good', icon: CircleCheck },
  failed: { tone: 'bad', icon: CircleAlert },
  held: { tone: 'warning', icon: UserRoundSearch },
  cancelled: { tone: 'plain', icon: Ban },
} as const satisfies Record<Transfer['state'], { tone: Tone; icon: typeof Clock }>

/** What holds it up at the recipient begins so (spec 17 §3). */
const there = 'RECIPIENT_'

/** Where a transfer stands, why, and what comes next. */
export function TransferState({ transfer }: { transfer: Transfer }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const { state, kind, reason, nextTryAt, startsAt, eta } = transfer
  if (state === 'running') return <TransferProgress transfer={transfer} />
  const reasonText = (code: string) =>
    code.startsWith(there) && !(code in codes)
      ? t('transfer.there', { reason: codeText(code.slice(there.length)) })
      : codeText(code)
  const intoPacs = kind !== 'send' && transfer.destination !== 'viewer'
  return (
    <div className="state">
      <Badge {...looks[state]}>
        {state === 'delivered' && intoPacs
          ? t('transfer.deliveredPacs')
          : reason === 'UNDONE'
            ? t('undo.undone')
            : t(`transfer.${state}`)}
      </Badge>
      {reason !== undefined && state !== 'delivered' && reason !== 'CANCELLED' && reason !== 'UNDONE' && (
        <span className="state-reason">{reasonText(reason)}</span>
      )}
      {startsAt !== undefined && state === 'queued' && (
        <span className="state-reason">
          {t('undo.startsAt', { at: formatMoment(startsAt, i18n.language) })}
        </span>
      )}
      {eta !== null && state === 'queued' && (
        <span className="state-reason">{t('hops.eta', { at: formatInstant(eta, i18n.language) })}</span>
      )}
      {nextTryAt !== undefined && reason !== 'AWAITING_RECEIPT' && (
        <span className="state-reason">
          {t('transfer.nextTry', { at: formatInstant(nextTryAt, i18n.language) })}
        </span>
      )}
      {state === 'held' && <Link to="/uitzonderingen">{t('transfer.toExceptions')}</Link>}
    </div>
  )
}
