import { useTranslation } from 'react-i18next'
import type { Ref } from 'react'
import type { FormErrors } from './form-values.ts'

interface Props {
  errors: FormErrors
  onGo: (field: string) => void
  ref: Ref<HTMLDivElement>
}

/** All that is wrong in one place, each a way to its field. */
export function ErrorSummary({ errors, onGo, ref }: Props) {
  const { t } = useTranslation()
  const labelOf = useFieldLabel()
  const fields = Object.entries(errors)
  return (
    <div ref={ref} tabIndex={-1} className="summary-place" role="alert">
      {fields.length > 0 && (
        <div className="notice notice-error">
          <div>
            <h2>{t('apply.errors', { count: fields.length })}</h2>
            <ul className="summary">
              {fields.map(([field, error]) => (
                <li key={field}>
                  <a
                    href={`#${field}`}
                    onClick={(event) => {
                      event.preventDefault()
                      onGo(field)
                    }}
                  >
                    {labelOf(field)}: {t(`apply.${error}`)}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </div>
  )
}

const plain = [
  'organisation',
  'category',
  'ura',
  'agb',
  'kvk',
  'patients',
  'mailboxes',
  'phone',
  'csr',
  'remarks',
] as const
const roles = ['administrative', 'technical', 'privacy'] as const
const parts = { name: 'apply.name', email: 'apply.email', phone: 'apply.contactPhone' } as const

function useFieldLabel(): (field: string) => string {
  const { t } = useTranslation()
  return (field) => {
    const known = plain.find((name) => name === field)
    if (known !== undefined) return t(`apply.${known}`)
    const [role, part] = field.split('.')
    const who = roles.find((name) => name === role)
    return who === undefined
      ? field
      : `${t(`apply.${who}`)}, ${t(parts[part as keyof typeof parts]).toLocaleLowerCase()}`
  }
}
