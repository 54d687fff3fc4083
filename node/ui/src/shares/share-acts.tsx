import { Ban, KeyRound, LinkIcon, LockOpen, MailPlus, Phone } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Share } from '../api-types-shares.ts'
import { actWord } from './share-look.ts'
import type { ShareAct } from './share-look.ts'
import { useShareName } from './share-name.ts'

const icons = {
  revoke: Ban,
  code: KeyRound,
  phone: Phone,
  unlock: LockOpen,
  link: LinkIcon,
  resend: MailPlus,
} as const

interface Props {
  share: Share
  acts: readonly ShareAct[]
  onAct: (act: ShareAct) => void
}

/** Buttons of one share; each asks or shows more before anything happens. */
export function ShareActs({ share, acts, onAct }: Props) {
  const { t } = useTranslation()
  const name = useShareName()(share)
  return acts.map((act, at) => {
    const word = actWord(share, act)
    const Icon = icons[word]
    return (
      <button
        // By place: the button that was pressed stays, and keeps the focus, when it comes to mean something else.
        key={at}
        type="button"
        className={act === 'revoke' ? 'button button-small button-danger' : 'button button-small'}
        aria-label={t(`shares.act.${word}Long`, { share: name })}
        onClick={() => onAct(act)}
      >
        <Icon aria-hidden size={14} />
        {t(`shares.act.${word}`)}
      </button>
    )
  })
}
