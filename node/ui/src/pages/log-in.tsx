import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, Field, LogInFrame, sessionKey, useProblemText } from '@twiin/ui-kit'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { forgetQuestion } from '../last-question.ts'

export function LogInPage({ wasLoggedIn }: { wasLoggedIn: boolean }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const first = useRef<HTMLInputElement>(null)
  const logIn = useMutation({
    mutationFn: (form: FormData) => api.logIn(text(form, 'username'), text(form, 'password')),
    onSuccess: (session) => client.setQueryData(sessionKey, session),
  })
  useEffect(() => {
    first.current?.focus()
  }, [])
  useEffect(() => {
    // Whoever logs in next finds nothing of the one before.
    forgetQuestion()
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
  }, [client])
  const { error } = logIn
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
          logIn.mutate(new FormData(event.currentTarget))
        }}
      >
        <Field label={t('login.username')}>
          {(control) => (
            <input ref={first} {...control} name="username" autoComplete="username" required maxLength={64} />
          )}
        </Field>
        <Field label={t('login.password')}>
          {(control) => (
            <input
              {...control}
              name="password"
              type="password"
              autoComplete="current-password"
              required
              maxLength={256}
            />
          )}
        </Field>
        <p className="form-error" role="alert">
          {error !== null && (isCode(error, 'NOT_AUTHENTICATED') ? t('login.wrong') : wordsFor(error))}
        </p>
        <button type="submit" className="button button-primary button-wide" disabled={logIn.isPending}>
          {t('login.submit')}
        </button>
      </form>
    </LogInFrame>
  )

  function wordsFor(error: Error): string {
    return isCode(error, 'TOO_MANY_ATTEMPTS') ? t('login.locked') : problemText(error)
  }
}

const isCode = (error: Error, code: string) => error instanceof ApiError && error.code === code

function text(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
