import { useMutation } from '@tanstack/react-query'
import { Dialog, Field, Problem } from '@twiin/ui-kit'
import { Siren } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { EmergencyAccess } from '../api-types.ts'
import { maskBsn } from '../format.ts'

const causes = ['life-threatening', 'not-responsive', 'other'] as const
/** Besides spaces; as the node counts (spec 21 §1). */
const shortest = 10

interface Props {
  bsn: string
  onOpened: (access: EmergencyAccess) => void
  onClose: () => void
}

/** Says what it does before it is done, and asks who it is once more: one person, one patient, one hour. */
export function EmergencyDialog({ bsn, onOpened, onClose }: Props) {
  const { t } = useTranslation()
  const [cause, setCause] = useState<(typeof causes)[number]>()
  const [reason, setReason] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [checked, setChecked] = useState(false)
  const causeField = useRef<HTMLInputElement>(null)
  const reasonField = useRef<HTMLTextAreaElement>(null)
  const passwordField = useRef<HTMLInputElement>(null)
  // Where the answer has to begin.
  useEffect(() => causeField.current?.focus(), [])
  const reasonShort = reason.replace(/\s/g, '').length < shortest
  const open = useMutation({
    mutationFn: (chosen: (typeof causes)[number]) =>
      api.openEmergency({
        bsn,
        cause: chosen,
        reason: reason.trim(),
        password,
        ...(code === '' ? {} : { code }),
      }),
    onSuccess: onOpened,
    onError: () => {
      setPassword('')
      setCode('')
      passwordField.current?.focus()
    },
  })
  const submit = () => {
    setChecked(true)
    if (cause === undefined) causeField.current?.focus()
    else if (reasonShort) reasonField.current?.focus()
    else if (password === '') passwordField.current?.focus()
    else open.mutate(cause)
  }
  return (
    <Dialog title={t('emergency.title')} isQuestion onClose={onClose}>
      <form
        className="stack emergency"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <p className="strong">{t('emergency.forPatient', { bsn: maskBsn(bsn) })}</p>
        <p>{t('emergency.what')}</p>
        <p>{t('emergency.loud')}</p>
        <fieldset className="choices">
          <legend>{t('emergency.cause')}</legend>
          {causes.map((name, at) => (
            <label key={name} className="check">
              <input
                ref={at === 0 ? causeField : undefined}
                type="radio"
                name="cause"
                checked={cause === name}
                onChange={() => setCause(name)}
              />
              {t(`emergency.${name}`)}
            </label>
          ))}
          {checked && cause === undefined && <p className="hint hint-error">{t('emergency.causeEmpty')}</p>}
        </fieldset>
        <Field
          label={t('emergency.reason')}
          hint={t('emergency.reasonHint')}
          error={checked && reasonShort ? t('emergency.reasonShort') : undefined}
        >
          {(control) => (
            <textarea
              {...control}
              ref={reasonField}
              rows={2}
              maxLength={400}
              value={reason}
              onChange={({ target }) => setReason(target.value)}
            />
          )}
        </Field>
        <Field
          label={t('emergency.password')}
          hint=" "
          error={checked && password === '' && open.error === null ? t('emergency.passwordEmpty') : undefined}
        >
          {(control) => (
            <input
              {...control}
              ref={passwordField}
              type="password"
              autoComplete="current-password"
              maxLength={256}
              value={password}
              onChange={({ target }) => setPassword(target.value)}
            />
          )}
        </Field>
        <Field label={t('emergency.code')} hint={t('emergency.codeHint')}>
          {(control) => (
            <input
              {...control}
              className="numeric"
              inputMode="numeric"
              autoComplete="one-time-code"
              maxLength={32}
              value={code}
              onChange={({ target }) => setCode(target.value.trim())}
            />
          )}
        </Field>
        {open.error !== null && <Problem error={open.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button type="submit" className="button button-danger" disabled={open.isPending}>
            <Siren aria-hidden size={16} />
            {t('emergency.submit')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
