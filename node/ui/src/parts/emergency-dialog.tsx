import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError, Dialog, Field, Problem } from '@twiin/ui-kit'
import { KeyRound, Siren } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { EmergencyAccess, EmergencyCause } from '../api-types.ts'
import { maskBsn } from '../format.ts'
import { peopleApi } from '../people-api.ts'
import { useSession } from '../session.ts'

/** In the order they are shown; the compiler misses one that is not here. */
const shown: Record<EmergencyCause, true> = { 'life-threatening': true, 'not-responsive': true, other: true }
const causes = Object.keys(shown) as EmergencyCause[]
/** Besides spaces; as the node counts (spec 21 §1). */
const shortest = 10

/** How somebody shows who they are: with what stands here, by passkey now, or by a confirmation of just before. */
type Proving = 'password' | 'passkey' | 'before'

interface Props {
  bsn: string
  onOpened: (access: EmergencyAccess) => void
  onClose: () => void
}

/** Says what it does before it is done, and asks who it is once more: one person, one patient, one hour. */
export function EmergencyDialog({ bsn, onOpened, onClose }: Props) {
  const { t } = useTranslation()
  const [cause, setCause] = useState<EmergencyCause>()
  const [reason, setReason] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [checked, setChecked] = useState(false)
  const causeField = useRef<HTMLInputElement>(null)
  const reasonField = useRef<HTMLTextAreaElement>(null)
  const passwordField = useRef<HTMLInputElement>(null)
  const { signedOn } = useSession()
  const options = useQuery({
    queryKey: ['session', 'options'],
    queryFn: peopleApi.options,
    staleTime: Infinity,
  })
  // Where the answer has to begin.
  useEffect(() => causeField.current?.focus(), [])
  const reasonShort = reason.replace(/\s/g, '').length < shortest
  const open = useMutation({
    mutationFn: async ({ cause: chosen, by }: { cause: EmergencyCause; by: Proving }) => {
      if (by === 'passkey') await peopleApi.confirmByPasskey('emergency')
      return api.openEmergency({
        bsn,
        cause: chosen,
        reason: reason.trim(),
        ...(by === 'password' ? { password, ...(code === '' ? {} : { code }) } : {}),
      })
    },
    onSuccess: onOpened,
    onError: () => {
      setPassword('')
      setCode('')
      passwordField.current?.focus()
    },
  })
  const elsewhere = useMutation({ mutationFn: () => peopleApi.signOn(true, 'emergency') })
  const submit = (by: Proving) => {
    setChecked(true)
    if (cause === undefined) causeField.current?.focus()
    else if (reasonShort) reasonField.current?.focus()
    else if (by === 'password' && password === '') passwordField.current?.focus()
    else open.mutate({ cause, by })
  }
  return (
    <Dialog title={t('emergency.title')} isQuestion onClose={onClose}>
      <form
        className="stack emergency"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit(signedOn ? 'before' : 'password')
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
        {signedOn ? (
          <div>
            <p>{t('emergency.elsewhere')}</p>
            <button type="button" className="button" onClick={() => elsewhere.mutate()}>
              {t('people.signOn')}
            </button>
          </div>
        ) : (
          <ProofFields
            {...{ password, setPassword, code, setCode, passwordField }}
            isEmpty={checked && password === '' && open.error === null}
          />
        )}
        {elsewhere.error !== null && <Problem error={elsewhere.error} />}
        {open.error !== null &&
          (open.error instanceof ApiError ? (
            <Problem error={open.error} />
          ) : (
            // The person let go of the passkey.
            <p className="hint hint-error" role="alert">
              {t('people.noPasskey')}
            </p>
          ))}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          {!signedOn && options.data?.passkeys === location.origin && (
            <button
              type="button"
              className="button"
              disabled={open.isPending}
              onClick={() => submit('passkey')}
            >
              <KeyRound aria-hidden size={16} />
              {t('people.byPasskey')}
            </button>
          )}
          <button type="submit" className="button button-danger" disabled={open.isPending}>
            <Siren aria-hidden size={16} />
            {t('emergency.submit')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface ProofProps {
  password: string
  setPassword: (password: string) => void
  code: string
  setCode: (code: string) => void
  passwordField: RefObject<HTMLInputElement | null>
  isEmpty: boolean
}

function ProofFields({ password, setPassword, code, setCode, passwordField, isEmpty }: ProofProps) {
  const { t } = useTranslation()
  return (
    <>
      <Field
        label={t('emergency.password')}
        hint=" "
        error={isEmpty ? t('emergency.passwordEmpty') : undefined}
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
    </>
  )
}
