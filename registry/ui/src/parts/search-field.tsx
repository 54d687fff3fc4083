import { useTranslation } from 'react-i18next'

/** Filters a list by name or number while one types. */
export function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation()
  return (
    <input
      type="search"
      className="filter"
      aria-label={t('app.search')}
      placeholder={t('app.search')}
      autoComplete="off"
      value={value}
      onChange={({ target }) => onChange(target.value)}
    />
  )
}

export const matches = (filter: string, ...texts: readonly string[]) =>
  texts.join(' ').toLocaleLowerCase().includes(filter.trim().toLocaleLowerCase())
