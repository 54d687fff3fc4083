import { useMutation } from '@tanstack/react-query'
import { say, useProblemText } from '@twiin/ui-kit'
import type { LucideIcon } from 'lucide-react'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

interface Props {
  act: () => Promise<unknown>
  label: string
  /** With the name of the study, for who does not see the row. */
  long: string
  /** Said when it was done. */
  done: string
  icon: LucideIcon
}

/** What somebody does with one transfer; the list is looked at again afterwards. */
export function TransferAction({ act, label, long, done, icon: Icon }: Props) {
  const problemText = useProblemText()
  const lookAgain = useLookAgain()
  const { mutate, isPending } = useMutation({
    mutationFn: act,
    onSuccess: () => say({ text: done, tone: 'done' }),
    onError: (error) => say({ text: problemText(error), tone: 'problem' }),
    onSettled: () => lookAgain(keys.transfers),
  })
  return (
    <button
      type="button"
      className="button button-small"
      aria-label={long}
      disabled={isPending}
      onClick={() => mutate()}
    >
      <Icon aria-hidden size={14} />
      {label}
    </button>
  )
}
