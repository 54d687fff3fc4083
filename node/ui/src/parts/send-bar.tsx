import { Disc3, Send, Share2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { HeldStudy } from '../api-types.ts'
import { patientKey } from '../format.ts'

interface Props {
  studies: readonly HeldStudy[]
  onSend: () => void
  onShare: () => void
  /** Absent for who may not write discs. */
  onWrite: (() => void) | undefined
  onClear: () => void
}

/** One package, one patient: a mix cannot be sent. */
export function SendBar({ studies, onSend, onShare, onWrite, onClear }: Props) {
  const { t } = useTranslation()
  const patients = new Set(studies.map(patientKey))
  const isMixed = patients.size > 1
  return (
    <div className="send-bar" role="status">
      <span>{t('studies.selected', { count: studies.length })}</span>
      {isMixed && <strong className="hint-error">{t('studies.onePatient')}</strong>}
      <button type="button" className="button button-small" onClick={onClear}>
        {t('studies.clear')}
      </button>
      {onWrite !== undefined && (
        <button type="button" className="button button-small" onClick={onWrite}>
          <Disc3 aria-hidden size={14} />
          {t('writeDisc.open')}
        </button>
      )}
      <button type="button" className="button button-small" disabled={isMixed} onClick={onShare}>
        <Share2 aria-hidden size={14} />
        {t('share.open')}
      </button>
      <button
        type="button"
        className="button button-small button-primary"
        disabled={isMixed}
        onClick={onSend}
      >
        <Send aria-hidden size={14} />
        {t('studies.sendSelected')}
      </button>
    </div>
  )
}
