import { useTranslation } from 'react-i18next'
import type { Contact } from '../api-types.ts'
import { isOptional } from './form-values.ts'
import type { ContactValues } from './form-values.ts'
import { TextField } from './text-field.tsx'

interface Props {
  role: Contact['role']
  contact: ContactValues
  errorOf: (field: string) => string | undefined
  onChange: (contact: ContactValues) => void
}

export function ContactFields({ role, contact, errorOf, onChange }: Props) {
  const { t } = useTranslation()
  const who = t(`apply.${role}`)
  const fields = [
    { field: 'name', label: t('apply.name'), type: 'text', maxLength: 120 },
    { field: 'email', label: t('apply.email'), type: 'email', maxLength: 254 },
    { field: 'phone', label: t('apply.contactPhone'), type: 'tel', maxLength: 25 },
  ] as const
  return (
    <fieldset className="contact">
      <legend>{isOptional(role) ? t('apply.contactOptional', { who }) : who}</legend>
      {fields.map(({ field, ...input }) => (
        <TextField
          key={field}
          {...input}
          name={`${role}.${field}`}
          value={contact[field]}
          error={errorOf(`${role}.${field}`)}
          {...(field === 'phone' && { hint: t('app.optional') })}
          onChange={(value) => onChange({ ...contact, [field]: value })}
        />
      ))}
    </fieldset>
  )
}
