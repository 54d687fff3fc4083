import { useMutation } from '@tanstack/react-query'
import { Field, Problem } from '@twiin/ui-kit'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApplicationForm as Sent } from '../api-types.ts'
import { CategoryChoice } from './category-choice.tsx'
import { ContactFields } from './contact-fields.tsx'
import { CsrField } from './csr-field.tsx'
import { ErrorSummary } from './error-summary.tsx'
import { contactRoles, errorsOf, formOf } from './form-values.ts'
import type { FormErrors, FormValues } from './form-values.ts'
import { TextField } from './text-field.tsx'
import type { TextProps } from './text-field.tsx'

interface Props<Answer> {
  initial: FormValues
  /** Of the key that was shown with an earlier version. */
  fingerprint?: string | undefined
  submit: string
  onSend: (form: Sent) => Promise<Answer>
  onSent: (answer: Answer) => void
  onCancel?: () => void
}

/** One column; labels above, errors beside the fields and together on top, where the focus goes. */
export function ApplicationForm<Answer>(props: Props<Answer>) {
  const { t } = useTranslation()
  const [values, setValues] = useState(props.initial)
  const [errors, setErrors] = useState<FormErrors>({})
  const form = useRef<HTMLFormElement>(null)
  const summary = useRef<HTMLDivElement>(null)
  const send = useMutation({ mutationFn: props.onSend, onSuccess: props.onSent })
  const change = (part: Partial<FormValues>) => {
    const next = { ...values, ...part }
    setValues(next)
    // Once shown, errors go as they are mended; new ones wait for the next try.
    setErrors((shown) =>
      Object.fromEntries(Object.entries(errorsOf(next)).filter(([field]) => field in shown)),
    )
  }
  const errorOf = (field: string) => {
    const error = errors[field]
    return error === undefined ? undefined : t(`apply.${error}`)
  }
  const text = (name: TextName, more: Partial<TextProps> = {}) => (
    <TextField
      key={name}
      name={name}
      label={t(`apply.${name}`)}
      value={values[name]}
      error={errorOf(name)}
      onChange={(value) => change({ [name]: value })}
      {...more}
    />
  )
  const digits = { inputMode: 'numeric', className: 'numeric short', maxLength: 20 } as const
  return (
    <form
      ref={form}
      className="form"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const found = errorsOf(values)
        setErrors(found)
        if (Object.keys(found).length === 0) send.mutate(formOf(values))
        else requestAnimationFrame(() => summary.current?.focus())
      }}
    >
      <ErrorSummary
        ref={summary}
        errors={errors}
        onGo={(field) => form.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus()}
      />
      <section className="form-part" aria-labelledby="part-organisation">
        <h2 id="part-organisation">{t('apply.step')}</h2>
        {text('organisation', {
          hint: t('apply.organisationHint'),
          maxLength: 100,
          autoComplete: 'organization',
        })}
        <CategoryChoice
          value={values.category}
          error={errorOf('category')}
          onChange={(category) => change({ category })}
        />
        {text('ura', { ...digits, hint: t('apply.uraHint') })}
        {text('agb', { ...digits, hint: t('apply.eightDigits') })}
        {text('kvk', { ...digits, hint: t('apply.eightDigits') })}
        <Field label={t('apply.level')}>
          {(control) => (
            <select
              {...control}
              name="level"
              value={values.level}
              onChange={({ target }) => change({ level: target.value })}
            >
              <option value="">{t('apply.levelUnknown')}</option>
              {([4, 3, 2, 1] as const).map((level) => (
                <option key={level} value={level}>
                  {t(`level.level${level}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        {text('patients', { ...digits, hint: t('apply.patientsHint') })}
        <Field label={t('apply.mailboxes')} hint={t('apply.mailboxesHint')} error={errorOf('mailboxes')}>
          {(control) => (
            <textarea
              {...control}
              name="mailboxes"
              rows={4}
              value={values.mailboxes}
              onChange={({ target }) => change({ mailboxes: target.value })}
            />
          )}
        </Field>
        {text('phone', { hint: t('apply.phoneHint'), type: 'tel', className: 'short', maxLength: 25 })}
      </section>
      <section className="form-part" aria-labelledby="part-contacts">
        <h2 id="part-contacts">{t('apply.contacts')}</h2>
        <p className="muted">{t('apply.contactsText')}</p>
        {contactRoles.map((role) => (
          <ContactFields
            key={role}
            role={role}
            contact={values.contacts[role]}
            errorOf={errorOf}
            onChange={(contact) => change({ contacts: { ...values.contacts, [role]: contact } })}
          />
        ))}
      </section>
      <section className="form-part" aria-labelledby="part-key">
        <h2 id="part-key">{t('apply.key')}</h2>
        <p className="muted">{t('apply.keyText')}</p>
        {props.fingerprint !== undefined && <p>{t('apply.csrKept', { fingerprint: props.fingerprint })}</p>}
        <CsrField value={values.csr} error={errorOf('csr')} onChange={(csr) => change({ csr })} />
        <Field label={t('apply.remarks')} hint={t('apply.remarksHint')} error={errorOf('remarks')}>
          {(control) => (
            <textarea
              {...control}
              name="remarks"
              rows={4}
              value={values.remarks}
              onChange={({ target }) => change({ remarks: target.value })}
            />
          )}
        </Field>
      </section>
      {send.error !== null && <Problem error={send.error} />}
      <div className="actions">
        <button type="submit" className="button button-primary button-large" disabled={send.isPending}>
          {props.submit}
        </button>
        {props.onCancel !== undefined && (
          <button type="button" className="button button-large" onClick={props.onCancel}>
            {t('app.cancel')}
          </button>
        )}
      </div>
    </form>
  )
}

type TextName = 'organisation' | 'ura' | 'agb' | 'kvk' | 'patients' | 'phone'
