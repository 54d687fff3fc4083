import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, Field, LogInFrame, sessionKey, useProblemText } from '@twiin/ui-kit'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { api } from '../api.ts'
import { CodeInput, isCode } from './code-input.tsx'

/** Name, password, and a code of the authenticator app: all three at once, so that nothing tells which was wrong. */
export function LogInPage({ wasLoggedIn }: { wasLoggedIn: boolean }) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const client = useQueryClient()
  const first = useRef<HTMLInputElement>(null)
  const codeField = useRef<HTMLInputElement>(null)
  const [code, setCode] = useState('')
  const [checked, setChecked] = useState(false)
  const logIn = useMutation({
    mutationFn: (form: FormData) =>
      api.logIn({ username: text(form, 'username'), password: text(form, 'password'), code }),
    onSuccess: (session) => client.setQueryData(sessionKey, session),
    // A code counts once: the next try needs the next one.
    onError: () => setCode(''),
  })
  useEffect(() => first.current?.focus(), [])
  useEffect(() => {
    // Whoever logs in next finds nothing of the one before.
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] })
  }, [client])
  const { error } = logIn
  return (
    <LogInFrame
      title={t('login.title')}
      lead={wasLoggedIn ? t('login.ended') : t('login.lead')}
      foot={<Link to="/">{t('login.toPublic')}</Link>}
    >
      <form
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          setChecked(true)
          if (!isCode(code)) return codeField.current?.focus()
          setChecked(false)
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
              autoCapitalize="none"
              spellCheck={false}
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
        <Field
          label={t('login.code')}
          hint={t('login.codeHint')}
          error={checked && !isCode(code) ? t('login.codeWrong') : undefined}
        >
          {(control) => <CodeInput ref={codeField} {...control} value={code} onChange={setCode} />}
        </Field>
        <p className="form-error" role="alert">
          {error !== null && wordsFor(error)}
        </p>
        <button type="submit" className="button button-primary button-wide" disabled={logIn.isPending}>
          {t('login.submit')}
        </button>
      </form>
    </LogInFrame>
  )

  function wordsFor(failure: Error): string {
    if (hasCode(failure, 'NOT_AUTHENTICATED')) return t('login.wrong')
    return hasCode(failure, 'TOO_MANY_ATTEMPTS') ? t('login.locked') : problemText(failure)
  }
}

const hasCode = (error: Error, code: string) => error instanceof ApiError && error.code === code

function text(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
