import { useMutation } from '@tanstack/react-query'
import { Field, useProblemText } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { peopleApi } from '../people-api.ts'
import { textOf } from './proof-form.ts'
import { QrCode } from './qr-code.tsx'

interface Props {
  /** Shown here only. */
  shown: { secret: string; otpauth: string }
  onDone: (recoveryCodes: readonly string[] | undefined) => void
}

/** Scan, type the code, done (spec 23 §2). */
export function TotpEnrolment({ shown, onDone }: Props) {
  const { t } = useTranslation()
  const problemText = useProblemText()
  const confirm = useMutation({
    mutationFn: peopleApi.confirmTotp,
    onSuccess: ({ recoveryCodes }) => onDone(recoveryCodes),
  })
  return (
    <div className="totp">
      <QrCode text={shown.otpauth} label={t('people.qrLabel')} />
      <p>{t('people.scan')}</p>
      <p>
        <span className="muted">{t('people.secret')}</span>{' '}
        <code className="code totp-secret">{shown.secret.match(/.{1,4}/g)?.join(' ')}</code>
      </p>
      <form
        className="people-form"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          confirm.mutate(textOf(new FormData(event.currentTarget), 'code').replace(/\s/g, ''))
        }}
      >
        <Field
          label={t('people.codeOfApp')}
          error={confirm.error === null ? undefined : problemText(confirm.error)}
        >
          {(control) => (
            <input
              {...control}
              name="code"
              className="numeric"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              maxLength={8}
            />
          )}
        </Field>
        <button type="submit" className="button button-primary" disabled={confirm.isPending}>
          {t('people.enrol')}
        </button>
      </form>
    </div>
  )
}
