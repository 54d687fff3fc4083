import { Badge, formatInstant, useCodeText } from '@twiin/ui-kit'
import { MailX } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { hasTried, looks, needsAttention, shownState } from './share-look.ts'
import { ShareProgress } from './share-progress.tsx'

/** The state in words, until when, and what is left before it locks. */
export function ShareStateCell({ share }: { share: Share }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const [now] = useState(() => Date.now())
  const state = shownState(share, now)
  const { tone, icon } = looks[state]
  if (state === 'preparing') return <ShareProgress share={share} />
  const isLive = state === 'open' || state === 'waiting' || state === 'locked'
  return (
    <div className="state">
      <Badge tone={tone} icon={icon}>
        {t(`shares.state.${state}`)}
      </Badge>
      {share.mail === 'failed' && needsAttention(share) && (
        <Badge tone="bad" icon={MailX}>
          {t('shares.mail.failed')}
        </Badge>
      )}
      <span className="state-reason">
        {state === 'failed' && share.reason !== undefined && codeText(share.reason)}
        {state === 'waiting' &&
          `${t('shares.stateWhy.opensAt', { at: formatInstant(share.opensAt, i18n.language) })}, `}
        {isLive && t('shares.stateWhy.until', { at: formatInstant(share.expiresAt, i18n.language) })}
        {isLive &&
          state !== 'locked' &&
          hasTried(share) &&
          `, ${t('shares.tries', { count: share.triesLeft })}`}
      </span>
    </div>
  )
}

/** How often, and when last. */
export function ShareUse({ share }: { share: Share }) {
  const { t, i18n } = useTranslation()
  const used = (['opened', 'viewed', 'downloaded'] as const).filter((what) => share[what].count > 0)
  if (used.length === 0) return <span className="muted small">{t('shares.notUsed')}</span>
  const last = used
    .flatMap((what) => share[what].last ?? [])
    .sort()
    .at(-1)
  return (
    <>
      {used.map((what) => (
        <span key={what} className="fact">
          {t(`shares.${what}`, { count: share[what].count })}
        </span>
      ))}
      {last !== undefined && (
        <span className="muted small block">
          {t('shares.lastAt', { at: formatInstant(last, i18n.language) })}
        </span>
      )}
    </>
  )
}
