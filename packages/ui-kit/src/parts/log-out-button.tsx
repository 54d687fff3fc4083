import { useQueryClient } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { sessionKey } from '../session.ts'
import { say } from '../toasts.ts'
import { useProblemText } from './problem-text.ts'

export function LogOutButton({ logOut }: { logOut: () => Promise<unknown> }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const leave = async () => {
    await client.cancelQueries()
    await logOut()
    client.setQueryData(sessionKey, 'none')
  }
  return (
    <button
      type="button"
      className="button-icon"
      aria-label={t('menu.logOut')}
      title={t('menu.logOut')}
      onClick={() => void leave().catch((error) => say({ text: problemText(error), tone: 'problem' }))}
    >
      <LogOut aria-hidden size={18} />
    </button>
  )
}
