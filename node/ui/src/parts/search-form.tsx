import { Field } from '@twiin/ui-kit'
import { Search, Siren } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SearchQuestion } from '../api-types.ts'
import { digitsOf, isBsn, typedBsn } from '../format.ts'
import { lastReason } from '../last-question.ts'
import { leaveLaunchedBsn, useLaunchedBsn } from '../launch.ts'

interface Props {
  isStarting: boolean
  /** Nothing is on the screen yet: the cursor goes to the BSN. */
  isFirst: boolean
  onSearch: (question: SearchQuestion) => Promise<unknown>
  /** Whom the last search was for: an emergency may be declared for that patient without typing again. */
  lastBsn: string | undefined
  onEmergency: (bsn: string) => void
}

/** BSN, a second identifier if wanted, and why. The BSN leaves the field as soon as the search has begun. */
export function SearchForm({ isStarting, isFirst, onSearch, lastBsn, onEmergency }: Props) {
  const { t } = useTranslation()
  const launched = useLaunchedBsn()
  const [typed, setTyped] = useState<string>()
  const bsn = typed ?? typedBsn(launched ?? '')
  const setBsn = (text: string) => {
    leaveLaunchedBsn()
    setTyped(text)
  }
  const [birthDate, setBirthDate] = useState('')
  const [reason, setReason] = useState(lastReason)
  const [checked, setChecked] = useState(false)
  const bsnField = useRef<HTMLInputElement>(null)
  const reasonField = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (isFirst) bsnField.current?.focus()
  }, [isFirst])
  const bsnError = bsn.trim() === '' ? t('bsn.empty') : isBsn(bsn) ? undefined : t('bsn.wrong')
  const reasonError = reason.trim() === '' ? t('search.reasonEmpty') : undefined

  const submit = async () => {
    setChecked(true)
    if (bsnError !== undefined) return bsnField.current?.focus()
    if (reasonError !== undefined) return reasonField.current?.focus()
    await onSearch({
      bsn: digitsOf(bsn),
      ...(birthDate === '' ? {} : { birthDate }),
      purpose: { basis: 'treatment', reason: reason.trim() },
    })
    setBsn('')
    setBirthDate('')
    setChecked(false)
  }

  const declare = () => {
    const chosen = bsn.trim() === '' ? lastBsn : isBsn(bsn) ? digitsOf(bsn) : undefined
    if (chosen !== undefined) return onEmergency(chosen)
    setChecked(true)
    bsnField.current?.focus()
  }

  return (
    <form
      className="card search-form"
      data-compact={!isFirst}
      role="search"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        // What went wrong stands on the page; the fields keep what was typed.
        submit().catch(() => {})
      }}
    >
      <Field label={t('bsn.label')} hint={t('bsn.hint')} error={checked ? bsnError : undefined}>
        {(control) => (
          <input
            {...control}
            ref={bsnField}
            data-search
            className="numeric"
            inputMode="numeric"
            autoComplete="off"
            spellCheck={false}
            maxLength={20}
            value={bsn}
            onChange={({ target }) => setBsn(typedBsn(target.value))}
          />
        )}
      </Field>
      <Field label={t('search.birthDate')} hint={t('search.birthDateHint')}>
        {(control) => (
          <input
            {...control}
            type="date"
            autoComplete="off"
            min="1880-01-01"
            value={birthDate}
            onChange={({ target }) => setBirthDate(target.value)}
          />
        )}
      </Field>
      <Field
        label={t('search.reason')}
        hint={t('search.reasonHint')}
        error={checked ? reasonError : undefined}
        className="field-grow"
      >
        {(control) => (
          <input
            {...control}
            ref={reasonField}
            autoComplete="off"
            maxLength={500}
            value={reason}
            onChange={({ target }) => setReason(target.value)}
          />
        )}
      </Field>
      <div className="search-submit">
        <button type="submit" className="button button-primary" disabled={isStarting}>
          <Search aria-hidden size={18} />
          {t('search.submit')}
        </button>
        <button type="button" className="button button-danger" onClick={declare}>
          <Siren aria-hidden size={18} />
          {t('emergency.open')}
        </button>
        <p className="hint">{t('search.basis')}</p>
      </div>
    </form>
  )
}
