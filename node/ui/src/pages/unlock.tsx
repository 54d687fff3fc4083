import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { LogInFrame, sessionKey, setLeaving, setLocked } from '@twiin/ui-kit'
import { Building2, KeyRound } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Session } from '../api-types.ts'
import { ProofFields } from '../parts/proof-fields.tsx'
import { isCodeRequired, proofOf, useProofProblem, wasSignOnRefused } from '../parts/proof-form.ts'
import { peopleApi } from '../people-api.ts'

/** A locked session (spec 23 §3). `session`: what the page still knows; not after it was loaded anew. */
export function UnlockPage({ session }: { session: Session | undefined }) {
  const { t } = useTranslation()
  const problemOf = useProofProblem()
  const client = useQueryClient()
  const form = useRef<HTMLFormElement>(null)
  const options = useQuery({
    queryKey: [...sessionKey, 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  const onSuccess = (opened: Session) => {
    client.setQueryData(sessionKey, opened)
    setLocked(client, false)
    void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
  }
  const unlock = useMutation({ mutationFn: peopleApi.unlock, onSuccess })
  const byPasskey = useMutation({ mutationFn: peopleApi.unlockByPasskey, onSuccess })
  const elsewhere = useMutation({ mutationFn: () => peopleApi.signOn(true) })
  useEffect(() => {
    form.current?.querySelector<HTMLInputElement>('input[name=password]')?.focus()
  }, [])
  const problem = problemOf(unlock.error ?? byPasskey.error ?? elsewhere.error)
  const wasTried = !unlock.isIdle || !byPasskey.isIdle
  const alert = (
    <p className="form-error" role="alert">
      {problem ?? (wasSignOnRefused() && !wasTried ? t('people.signOnRefused') : '')}
    </p>
  )
  const needsCode = isCodeRequired(unlock.error) || unlock.variables?.code !== undefined
  return (
    <LogInFrame
      title={t('people.locked')}
      lead={
        session === undefined ? t('people.lockedLead') : t('people.lockedOf', { name: session.user.name })
      }
      foot={t('app.notDiagnostic')}
    >
      {session?.signedOn === true ? (
        alert
      ) : (
        <form
          ref={form}
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            byPasskey.reset()
            unlock.mutate(proofOf(new FormData(event.currentTarget)))
          }}
        >
          <ProofFields needsCode={needsCode} />
          {alert}
          <button type="submit" className="button button-primary button-wide" disabled={unlock.isPending}>
            {t('people.unlock')}
          </button>
        </form>
      )}
      {options.data?.passkeys === location.origin && session?.signedOn !== true && (
        <button type="button" className="button button-wide" onClick={() => byPasskey.mutate()}>
          <KeyRound aria-hidden size={18} />
          {t('people.byPasskey')}
        </button>
      )}
      {options.data?.signOn === true && session?.signedOn !== false && (
        <button type="button" className="button button-wide" onClick={() => elsewhere.mutate()}>
          <Building2 aria-hidden size={18} />
          {t('people.signOn')}
        </button>
      )}
      <button type="button" className="button button-wide" onClick={() => setLeaving(client, true)}>
        {t('people.somebodyElse')}
      </button>
    </LogInFrame>
  )
}
