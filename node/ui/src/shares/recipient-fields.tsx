import { Field } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { Choice } from './choice.tsx'
import type { PartProps } from './share-form.ts'

/** For whom it is, and how the link gets there. */
export function RecipientFields({ form, offers, change, errorOf, fieldOf }: PartProps) {
  const { t } = useTranslation()
  return (
    <>
      <Choice
        legend={t('shares.create.who')}
        name="recipient"
        value={form.kind}
        // A broker tells who a patient is, and no more.
        onChange={(kind) =>
          change(
            kind === 'professional' && form.factor === 'oidc'
              ? { kind, factor: offers.factors.sms ? 'sms' : 'letter' }
              : { kind },
          )
        }
        options={[
          { value: 'patient', text: t('shares.create.patient') },
          { value: 'professional', text: t('shares.create.professional') },
        ]}
      />
      {form.kind === 'professional' && (
        <Field label={t('shares.create.name')} error={errorOf('name')}>
          {(control) => (
            <input
              {...control}
              ref={fieldOf('name')}
              autoComplete="off"
              maxLength={100}
              value={form.name}
              onChange={({ target }) => change({ name: target.value })}
            />
          )}
        </Field>
      )}
      <Choice
        legend={t('shares.create.way')}
        name="way"
        value={form.way}
        onChange={(way) => change({ way })}
        options={[
          {
            value: 'mail',
            text: t('shares.create.byMail'),
            unless: offers.mail ? undefined : t('shares.create.noMail'),
          },
          { value: 'paper', text: t('shares.create.onPaper') },
        ]}
      />
      {form.way === 'mail' && (
        <Field label={t('shares.create.email')} hint={t('shares.create.emailHint')} error={errorOf('email')}>
          {(control) => (
            <input
              {...control}
              ref={fieldOf('email')}
              type="email"
              autoComplete="off"
              maxLength={254}
              value={form.email}
              onChange={({ target }) => change({ email: target.value })}
            />
          )}
        </Field>
      )}
    </>
  )
}
