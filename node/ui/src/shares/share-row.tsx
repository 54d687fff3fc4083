import { formatBytes, formatInstant } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { ShareActs } from './share-acts.tsx'
import { ShareDetails } from './share-details.tsx'
import { actsOf } from './share-look.ts'
import type { ShareAct } from './share-look.ts'
import { useShareName } from './share-name.ts'
import { ShareStateCell, ShareUse } from './share-state.tsx'

interface Props {
  share: Share
  isOpen: boolean
  onToggle: () => void
  onAct: (act: ShareAct) => void
}

export function ShareRow({ share, isOpen, onToggle, onAct }: Props) {
  const { t, i18n } = useTranslation()
  const name = useShareName()(share)
  const { recipient, factor, studies, bytes } = share
  return (
    <>
      <tr className="row" data-open={isOpen} data-share={share.id}>
        <td className="main-cell">
          <button
            type="button"
            className="row-button"
            data-row={share.id}
            aria-expanded={isOpen}
            onClick={onToggle}
          >
            {name}
          </button>
          <span className="muted small block">
            {[
              t(`shares.kind.${recipient.kind}`),
              recipient.email === undefined ? t('shares.onPaper') : t(`shares.mail.${share.mail}`),
              t(`shares.factor.${factor}`),
            ].join(', ')}
          </span>
        </td>
        <td className="nowrap">
          {formatInstant(share.createdAt, i18n.language)}
          <span className="muted small block">{t('shares.by', { name: share.createdBy.name })}</span>
        </td>
        <td className="nowrap">
          {t('shares.studies', { count: studies.length })}
          {bytes > 0 && <span className="muted small"> {formatBytes(bytes, i18n.language)}</span>}
        </td>
        <td className="state-cell">
          <ShareStateCell share={share} />
        </td>
        <td className="used-cell">
          <ShareUse share={share} />
        </td>
        <td className="action-cell">
          <ShareActs share={share} acts={actsOf(share).slice(0, 1)} onAct={onAct} />
        </td>
      </tr>
      {isOpen && (
        <tr className="row-details">
          <td colSpan={6}>
            <ShareDetails share={share} onAct={onAct} />
          </td>
        </tr>
      )}
    </>
  )
}
