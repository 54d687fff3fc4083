import { Field } from '@twiin/ui-kit'

export interface TextProps {
  name: string
  label: string
  value: string
  error: string | undefined
  hint: string
  onChange: (value: string) => void
  type: string
  className: string
  inputMode: 'numeric'
  maxLength: number
  autoComplete: string
}

type TextFieldProps = Partial<TextProps> & Pick<TextProps, 'name' | 'label' | 'value' | 'error' | 'onChange'>

/** One line of text with its label, explanation and error. */
export function TextField({ label, hint, error, onChange, ...input }: TextFieldProps) {
  return (
    <Field label={label} error={error} {...(hint !== undefined && { hint })}>
      {(control) => (
        <input autoComplete="off" {...control} {...input} onChange={({ target }) => onChange(target.value)} />
      )}
    </Field>
  )
}
