import { useCodeText } from '@twiin/ui-kit'
import { CircleAlert, CircleCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'

/** How far the package is, as a bar with words. */
export function ShareProgress({ share: { progress } }: { share: Pick<Share, 'progress'> }) {
  const { t } = useTranslation()
  const { done, total } = progress
  const percent = total === 0 ? 0 : Math.min(100, Math.floor((done / total) * 100))
  return (
    <div className="progress">
      <div
        className="progress-track"
        role="progressbar"
        aria-label={t('shares.progress')}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div className="progress-bar" style={{ inlineSize: `${percent}%` }} />
      </div>
      <span className="progress-words">
        {t('shares.progress')} {percent} %
      </span>
    </div>
  )
}

const readyWords = {
  none: 'shares.given.ready',
  failed: 'shares.given.ready',
  waiting: 'shares.given.readyMailing',
  sent: 'shares.given.readyMailed',
} as const

/** What became of the package that was just asked for. */
export function PackageState({ share, byMail }: { share: Share | undefined; byMail: boolean }) {
  const { t } = useTranslation()
  const codeText = useCodeText()
  if (share === undefined || share.state === 'preparing')
    return (
      <>
        {share !== undefined && <ShareProgress share={share} />}
        <p className="muted small">{t(byMail ? 'shares.given.mailWaits' : 'shares.given.paperWaits')}</p>
      </>
    )
  if (share.state === 'failed')
    return (
      <div className="notice notice-error" role="alert">
        <CircleAlert aria-hidden size={20} />
        <div>
          <strong>{t('shares.state.failed')}</strong>
          <p>
            {share.reason !== undefined && codeText(share.reason)} {t('shares.given.failedHelp')}
          </p>
        </div>
      </div>
    )
  if (share.mail === 'failed')
    return (
      <div className="notice notice-error" role="alert">
        <CircleAlert aria-hidden size={20} />
        <div>
          <strong>{t('shares.mail.failed')}</strong>
          <p>{t('shares.mailFailedHelp')}</p>
        </div>
      </div>
    )
  return (
    <div className="notice notice-good" role="status">
      <CircleCheck aria-hidden size={20} />
      <div>
        <p>{t(readyWords[share.mail])}</p>
      </div>
    </div>
  )
}
