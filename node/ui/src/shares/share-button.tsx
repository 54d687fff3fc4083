import { Share2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'

/** Known by more than the index: what the index tells of has no UID to share it by. */
export const mayShare = ({ studyInstanceUid }: { studyInstanceUid: string | null }) =>
  studyInstanceUid !== null

/** Beside the other actions of a row; the dialog says the rest. */
export function ShareButton({ name, onShare }: { name: string; onShare: () => void }) {
  const { t } = useTranslation()
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={t('share.openLong', { study: name })}
      title={`${t('share.open')} (D)`}
      onClick={onShare}
    >
      <Share2 aria-hidden size={14} />
    </button>
  )
}
