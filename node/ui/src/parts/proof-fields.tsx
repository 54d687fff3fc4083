import { Field } from '@twiin/ui-kit'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

/** Password, and the code when one is asked for: the cursor is where something is missing. */
export function ProofFields({ needsCode }: { needsCode: boolean }) {
  const { t } = useTranslation()
  const code = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (needsCode) code.current?.focus()
  }, [needsCode])
  return (
    <>
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
      {needsCode && (
        <Field label={t('people.code')} hint={t('people.codeHint')}>
          {(control) => (
            <input
              {...control}
              ref={code}
              name="code"
              className="numeric"
              inputMode="text"
              autoComplete="one-time-code"
              spellCheck={false}
              required
              maxLength={32}
            />
          )}
        </Field>
      )}
    </>
  )
}
