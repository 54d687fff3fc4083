import { Field } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { Choice } from './choice.tsx'
import type { PartProps } from './share-form.ts'

/** How the recipient proves who it is. What this node cannot do stands there with the reason. */
export function SecondStep({ form, offers, change, errorOf, fieldOf }: PartProps) {
  const { t } = useTranslation()
  const { oidc, sms } = offers.factors
  const label =
    oidc === null ? '' : oidc.simulator ? t('shares.create.simulator', { label: oidc.label }) : oidc.label
  return (
    <>
      <Choice
        legend={t('shares.create.second')}
        name="factor"
        value={form.factor}
        onChange={(factor) => change({ factor })}
        options={[
          {
            value: 'sms',
            text: t('shares.create.sms'),
            unless: sms ? undefined : t('shares.create.noSms'),
          },
          { value: 'letter', text: t('shares.create.letter') },
          {
            value: 'oidc',
            text: oidc === null ? t('shares.create.oidcPlain') : t('shares.create.oidc', { label }),
            unless:
              oidc === null
                ? t('shares.create.noOidc')
                : form.kind === 'professional'
                  ? t('shares.create.oidcPatient')
                  : undefined,
          },
        ]}
      />
      {form.factor === 'letter' && form.way === 'paper' && (
        <p className="notice notice-warning">{t('shares.create.bothPaper')}</p>
      )}
      {form.factor === 'sms' && (
        <Field label={t('shares.create.phone')} hint={t('shares.create.phoneHint')} error={errorOf('phone')}>
          {(control) => (
            <input
              {...control}
              ref={fieldOf('phone')}
              type="tel"
              autoComplete="off"
              maxLength={24}
              value={form.phone}
              onChange={({ target }) => change({ phone: target.value })}
            />
          )}
        </Field>
      )}
    </>
  )
}
