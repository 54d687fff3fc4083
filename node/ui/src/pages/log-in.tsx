import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Field, LogInFrame, sessionKey, setLocked } from '@twiin/ui-kit'
import { Building2, KeyRound } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { forgetQuestion } from '../last-question.ts'
import { forgetLaunch } from '../launch.ts'
import { ProofFields } from '../parts/proof-fields.tsx'
import { isCodeRequired, proofOf, textOf, useProofProblem, wasSignOnRefused } from '../parts/proof-form.ts'
import { peopleApi } from '../people-api.ts'

/** Password and, when there is one, code; a passkey; or the hospital's own log-in (spec 23). */
export function LogInPage({ wasLoggedIn }: { wasLoggedIn: boolean }) {
  const { t } = useTranslation()
  const problemOf = useProofProblem()
  const client = useQueryClient()
  const first = useRef<HTMLInputElement>(null)
  const options = useQuery({
    queryKey: [...sessionKey, 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  const onSuccess = (session: object) => client.setQueryData(sessionKey, session)
  const logIn = useMutation({
    mutationFn: (form: FormData) => peopleApi.logIn({ username: textOf(form, 'username'), ...proofOf(form) }),
    onSuccess,
  })
  const byPasskey = useMutation({ mutationFn: peopleApi.logInByPasskey, onSuccess })
  const elsewhere = useMutation({ mutationFn: () => peopleApi.signOn(false) })
  useEffect(() => {
    first.current?.focus()
  }, [])
  useEffect(() => {
    // Whoever logs in next finds nothing of the one before.
    forgetQuestion()
    forgetLaunch()
    setLocked(client, false)
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
  }, [client])
  const needsCode = isCodeRequired(logIn.error) || logIn.variables?.has('code') === true
  const problem = problemOf(logIn.error ?? byPasskey.error ?? elsewhere.error)
  return (
    <LogInFrame
      title={t('login.title')}
      lead={wasLoggedIn ? t('login.ended') : t('login.lead')}
      foot={t('app.notDiagnostic')}
    >
      <form
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          byPasskey.reset()
          logIn.mutate(new FormData(event.currentTarget))
        }}
      >
        <Field label={t('login.username')}>
          {(control) => (
            <input
              ref={first}
              {...control}
              name="username"
              autoComplete="username webauthn"
              required
              maxLength={64}
            />
          )}
        </Field>
        <ProofFields needsCode={needsCode} />
        <p className="form-error" role="alert">
          {problem ?? (wasSignOnRefused() && logIn.isIdle ? t('people.signOnRefused') : '')}
        </p>
        <button type="submit" className="button button-primary button-wide" disabled={logIn.isPending}>
          {t('login.submit')}
        </button>
      </form>
      {options.data?.passkeys === location.origin && (
        <button
          type="button"
          className="button button-wide"
          disabled={byPasskey.isPending}
          onClick={() => {
            logIn.reset()
            byPasskey.mutate()
          }}
        >
          <KeyRound aria-hidden size={18} />
          {t('people.byPasskey')}
        </button>
      )}
      {options.data?.signOn === true && (
        <button
          type="button"
          className="button button-wide"
          disabled={elsewhere.isPending}
          onClick={() => elsewhere.mutate()}
        >
          <Building2 aria-hidden size={18} />
          {t('people.signOn')}
        </button>
      )}
    </LogInFrame>
  )
}
