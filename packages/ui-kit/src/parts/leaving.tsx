import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { dropQuestions } from '../api.ts'
import { isLoggedOut, sessionKey, setLeaving } from '../session.ts'
import { Problem } from './problem.tsx'

/**
 * Stands in the place of the page from the press of the button until the server has ended the session: nothing of a patient
 * is in sight, and nothing is left that asks. A question that came after the end would be refused, and would look as if the
 * session had ended by itself.
 */
export function Leaving({ logOut }: { logOut: () => Promise<unknown> }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { mutate, error } = useMutation({
    // A browser that believes to be off line would wait, and say nothing.
    networkMode: 'always',
    mutationFn: async () => {
      await client.cancelQueries()
      dropQuestions()
      await logOut().catch((error: unknown) => {
        if (!isLoggedOut(error)) throw error
      })
    },
    onSuccess: () => {
      client.setQueryData(sessionKey, 'none')
      setLeaving(client, false)
    },
  })
  useEffect(() => mutate(), [mutate])
  return (
    <main className="alone">
      <h1 className="page-title">{t('menu.logOut')}</h1>
      {error !== null && <Problem error={error} onRetry={() => mutate()} />}
    </main>
  )
}
