import { Field } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

/** To a line by its number: as it stands on a certificate, or in an alarm of a node. */
export function GoToLine({ size, onGo }: { size: number; onGo: (index: number) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [checked, setChecked] = useState(false)
  const index = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
  const isWrong = !(index < size)
  return (
    <form
      className="go-to-line"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setChecked(isWrong)
        if (!isWrong) onGo(index)
      }}
    >
      <Field
        label={t('ledger.go')}
        hint={t('ledger.goHint', { last: Math.max(0, size - 1) })}
        error={checked && isWrong ? t('ledger.goWrong') : undefined}
      >
        {(control) => (
          <input
            {...control}
            inputMode="numeric"
            autoComplete="off"
            maxLength={15}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        )}
      </Field>
      <button type="submit" className="button">
        {t('ledger.goSubmit')}
      </button>
    </form>
  )
}
