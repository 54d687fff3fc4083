import { ApiError, Dialog, say, useProblemText } from '@twiin/ui-kit'
import { useMutation, useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '../session.ts'
import { peopleApi } from '../people-api.ts'
import { ProofFields } from './proof-fields.tsx'
import { isCodeRequired, proofOf, useProofProblem } from './proof-form.ts'

type Act = () => Promise<void>

/**
 * Acts that need the person once more (spec 23 §2): `run` does one, and asks who they are only when the node wants to
 * know; `dialog` is that question. What else goes wrong is said in a toast.
 */
export function useFresh(): { run: (act: Act) => void; dialog: ReactNode } {
  const problemText = useProblemText()
  const [waiting, setWaiting] = useState<Act>()
  const attempt = async (act: Act) => {
    try {
      await act()
    } catch (error) {
      if (error instanceof ApiError && error.code === 'CONFIRMATION_REQUIRED') setWaiting(() => act)
      // A passkey that the person let go of is no mistake.
      else if (error instanceof ApiError) say({ text: problemText(error), tone: 'problem' })
    }
  }
  const dialog = waiting !== undefined && (
    <ConfirmDialog
      onClose={() => setWaiting(undefined)}
      onConfirmed={() => {
        setWaiting(undefined)
        void attempt(waiting)
      }}
    />
  )
  return { run: (act) => void attempt(act), dialog }
}

/** Who are you, once more: for whatever the node wants to be sure of. */
function ConfirmDialog({ onClose, onConfirmed }: { onClose: () => void; onConfirmed: () => void }) {
  const { t } = useTranslation()
  const { signedOn } = useSession()
  const problemOf = useProofProblem()
  const options = useQuery({
    queryKey: ['session', 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  const confirm = useMutation({ mutationFn: peopleApi.confirm, onSuccess: onConfirmed })
  const byPasskey = useMutation({ mutationFn: () => peopleApi.confirmByPasskey(), onSuccess: onConfirmed })
  const elsewhere = useMutation({ mutationFn: () => peopleApi.signOn(true) })
  const needsCode = isCodeRequired(confirm.error) || confirm.variables?.code !== undefined
  return (
    <Dialog title={t('people.confirmTitle')} onClose={onClose} isQuestion>
      <p>{t(signedOn ? 'people.confirmElsewhere' : 'people.confirmLead')}</p>
      {signedOn ? (
        <button type="button" className="button button-primary" onClick={() => elsewhere.mutate()}>
          {t('people.signOn')}
        </button>
      ) : (
        <form
          className="people-form"
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            confirm.mutate(proofOf(new FormData(event.currentTarget)))
          }}
        >
          <ProofFields needsCode={needsCode} />
          <p className="form-error" role="alert">
            {problemOf(confirm.error ?? byPasskey.error ?? elsewhere.error)}
          </p>
          <div className="people-buttons">
            <button type="submit" className="button button-primary" disabled={confirm.isPending}>
              {t('app.confirm')}
            </button>
            {options.data?.passkeys === location.origin && (
              <button type="button" className="button" onClick={() => byPasskey.mutate()}>
                <KeyRound aria-hidden size={18} />
                {t('people.byPasskey')}
              </button>
            )}
          </div>
        </form>
      )}
    </Dialog>
  )
}
