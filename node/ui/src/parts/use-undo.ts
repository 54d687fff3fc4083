import { useMutation } from '@tanstack/react-query'
import { ApiError, say, useProblemText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** How long a send waits at the node before anything leaves (spec 10 §6). */
export const undoSeconds = 10

/** Takes back a send that has not begun. The node decides whether it was in time. */
export function useUndo(): (id: string) => void {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const { mutate } = useMutation({
    mutationFn: (id: string) => api.undo(id),
    onSuccess: () => say({ text: t('undo.done'), tone: 'done' }),
    onError: (error) =>
      say({
        text:
          error instanceof ApiError && error.code === 'STATE_CONFLICT' ? t('undo.late') : problemText(error),
        tone: 'problem',
      }),
    onSettled: () => lookAgain(keys.transfers),
  })
  return mutate
}
