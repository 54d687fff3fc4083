import { CircleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Category } from '../api-types.ts'

interface Props {
  value: Category | ''
  error: string | undefined
  onChange: (category: Category) => void
}

const categories = ['clinic', 'hospital', 'umc'] as const

export function CategoryChoice({ value, error, onChange }: Props) {
  const { t } = useTranslation()
  return (
    <fieldset className="choices choices-column" aria-describedby={error && 'category-error'}>
      <legend>{t('apply.category')}</legend>
      {categories.map((category) => (
        <label key={category} className="check">
          <input
            type="radio"
            name="category"
            checked={value === category}
            onChange={() => onChange(category)}
          />
          {t(`category.${category}`)}
        </label>
      ))}
      {error !== undefined && (
        <p id="category-error" className="hint hint-error">
          <CircleAlert aria-hidden size={14} />
          {error}
        </p>
      )}
    </fieldset>
  )
}
