import { formatInstant } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { FactorKind, GivenShare } from '../api-types-shares.ts'
import { GivenOnce } from './given-once.tsx'
import { LeaveQuestion } from './leave-question.tsx'
import { PackageState } from './share-progress.tsx'
import { useShare } from './share-queries.ts'
import type { Leave, Once } from './use-leave.ts'

interface Props {
  share: GivenShare
  factor: FactorKind
  byMail: boolean
  leave: Leave
  onClose: () => void
}

/** What is shown once and nobody was sent: a link that goes by mail gets there by itself. */
export const shownOnce = ({ code }: Pick<GivenShare, 'code'>, byMail: boolean): Once[] => [
  ...(byMail ? [] : (['link'] as const)),
  ...(code === undefined ? [] : (['code'] as const)),
]

const how = { sms: 'shares.given.sms', letter: 'shares.given.codeHow', oidc: 'shares.given.oidc' } as const

/** The end of sharing: link, code, how far the package is. */
export function ShareResult({ share, factor, byMail, leave, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const { data } = useShare(share.id)
  const [now] = useState(() => Date.now())
  const { opensAt, expiresAt } = data ?? share
  return (
    <div className="stack">
      <GivenOnce id={share.id} url={share.url} code={share.code} onTaken={leave.onTaken} />
      <p>{t(how[factor])}</p>
      <PackageState share={data} byMail={byMail} />
      <p className="muted small">
        {t(Date.parse(opensAt) > now ? 'shares.given.opens' : 'shares.given.works', {
          at: formatInstant(opensAt, i18n.language),
          until: formatInstant(expiresAt, i18n.language),
        })}
      </p>
      {leave.isAsking ? (
        <LeaveQuestion leave={leave} onClose={onClose} />
      ) : (
        <div className="dialog-foot">
          {leave.left.length === 0 && (
            <Link className="button" to="/gedeeld" onClick={onClose}>
              {t('shares.given.toList')}
            </Link>
          )}
          <button type="button" className="button button-primary" onClick={leave.tryClose}>
            {t('shares.given.close')}
          </button>
        </div>
      )}
    </div>
  )
}
