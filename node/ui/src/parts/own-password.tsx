import { Field } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { peopleApi } from '../people-api.ts'

/** Another password ends every session: the page leads to the log-in at its next call. */
export function OwnPassword({ run }: { run: (act: () => Promise<void>) => void }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  return (
    <section className="card" aria-labelledby="own-password">
      <h2 id="own-password">{t('people.passwordTitle')}</h2>
      <p className="muted">{t('people.passwordText')}</p>
      <form
        className="people-form"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          run(async () => {
            await peopleApi.setPassword(password)
            setPassword('')
          })
        }}
      >
        <Field label={t('people.newPassword')} hint={t('people.newPasswordHint')}>
          {(control) => (
            <input
              {...control}
              type="password"
              autoComplete="new-password"
              required
              minLength={8}
              maxLength={256}
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          )}
        </Field>
        <button type="submit" className="button">
          {t('people.setPassword')}
        </button>
      </form>
    </section>
  )
}
