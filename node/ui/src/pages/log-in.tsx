import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ApiError } from '../api.ts'
import { forgetQuestion } from '../last-question.ts'
import { Field } from '../parts/field.tsx'
import { LanguageSwitch, ThemeSwitch } from '../parts/look-switches.tsx'
import { Logo } from '../parts/logo.tsx'
import { useProblemText } from '../parts/problem-text.ts'
import { keys } from '../query-keys.ts'

export function LogInPage({ wasLoggedIn }: { wasLoggedIn: boolean }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const first = useRef<HTMLInputElement>(null)
  const logIn = useMutation({
    mutationFn: (form: FormData) => api.logIn(text(form, 'username'), text(form, 'password')),
    onSuccess: (session) => client.setQueryData(keys.session, session),
  })
  useEffect(() => {
    document.title = `${t('login.title')} – Twiin`
    first.current?.focus()
  }, [t])
  useEffect(() => {
    // Whoever logs in next finds nothing of the one before.
    forgetQuestion()
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.session[0] })
  }, [client])
  const { error } = logIn
  return (
    <div className="log-in">
      <div className="log-in-corner">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
      <main className="log-in-card">
        <Logo size={40} />
        <h1>{t('login.title')}</h1>
        <p className="muted">{wasLoggedIn ? t('login.ended') : t('login.lead')}</p>
        <form
          method="post"
          onSubmit={(event) => {
            event.preventDefault()
            logIn.mutate(new FormData(event.currentTarget))
          }}
        >
          <Field label={t('login.username')}>
            {(control) => (
              <input
                ref={first}
                {...control}
                name="username"
                autoComplete="username"
                required
                maxLength={64}
              />
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
      </main>
      <footer className="muted small">{t('app.notDiagnostic')}</footer>
    </div>
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
