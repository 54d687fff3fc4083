import type { ControlProps } from '@twiin/ui-kit'
import type { Ref } from 'react'

interface Props extends ControlProps {
  value: string
  onChange: (code: string) => void
  ref?: Ref<HTMLInputElement>
}

/** Six digits of an authenticator app; pasting `123 456` works, and so do password managers. */
export function CodeInput({ value, onChange, ...control }: Props) {
  return (
    <input
      {...control}
      className="code-input"
      name="code"
      inputMode="numeric"
      autoComplete="one-time-code"
      spellCheck={false}
      maxLength={7}
      value={value}
      onChange={({ target }) => onChange(target.value.replace(/\D/g, '').slice(0, 6))}
    />
  )
}

export const isCode = (text: string) => /^\d{6}$/.test(text)
