import { TriangleAlert } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Leave } from './use-leave.ts'

/** Below the link and the code, so that they stay in sight while somebody decides. */
export function LeaveQuestion({ leave, onClose }: { leave: Leave; onClose: () => void }) {
  const { t } = useTranslation()
  const back = useRef<HTMLButtonElement>(null)
  useEffect(() => back.current?.focus(), [])
  const what = leave.left.length > 1 ? 'leaveBoth' : leave.left[0] === 'code' ? 'leaveCode' : 'leaveLink'
  return (
    <div className="notice notice-warning" role="alert">
      <TriangleAlert aria-hidden size={20} />
      <div>
        <strong>{t('shares.given.leaveTitle')}</strong>
        <p>{t('shares.given.leaveText', { what: t(`shares.given.${what}`) })}</p>
        <div className="given-buttons">
          <button ref={back} type="button" className="button" onClick={leave.onStay}>
            {t('shares.given.back')}
          </button>
          <button type="button" className="button button-danger" onClick={onClose}>
            {t('shares.given.leaveAnyway')}
          </button>
        </div>
      </div>
    </div>
  )
}
