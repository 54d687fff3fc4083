import { useQueryClient } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { setLeaving } from '../session.ts'

/** The page makes way for `Leaving`, which does the rest. */
export function LogOutButton() {
  const { t } = useTranslation()
  const client = useQueryClient()
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={t('menu.logOut')}
      title={t('menu.logOut')}
      onClick={() => setLeaving(client, true)}
    >
      <LogOut aria-hidden size={18} />
    </button>
  )
}
