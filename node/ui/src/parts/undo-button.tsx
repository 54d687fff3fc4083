import { Undo2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Transfer } from '../api-types.ts'
import { useUndo } from './use-undo.ts'

export function UndoButton({ transfer }: { transfer: Transfer }) {
  const { t } = useTranslation()
  const undo = useUndo()
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={t('undo.long', { study: transfer.studyDescription })}
      onClick={() => undo(transfer.id)}
    >
      <Undo2 aria-hidden size={14} />
      {t('undo.button')}
    </button>
  )
}
