import { Badge, formatDate } from '@twiin/ui-kit'
import { Diff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Patient, WorkItem } from '../api-types.ts'
import { formatName } from '../format.ts'

const fields = ['name', 'birthDate', 'sex', 'bsn', 'localId', 'issuer'] as const

/** Both patients in one table; what differs is marked with a sign, a word and a colour. */
export function SideBySide({ item }: { item: WorkItem }) {
  const { t, i18n } = useTranslation()
  const show = (patient: Patient, field: (typeof fields)[number]) => {
    const value = patient[field] ?? ''
    if (field === 'name') return formatName(value)
    return field === 'birthDate' ? formatDate(value, i18n.language) : value
  }
  return (
    <table className="side-by-side">
      {item.comparison && (
        <caption>
          {t('exceptions.score', { score: item.comparison.score })}
          {' – '}
          {item.comparison.fields
            .map(
              ({ field, verdict }) =>
                `${t(`exceptions.compared.${field}`)}: ${t(`exceptions.verdict.${verdict}`)}`,
            )
            .join(', ')}
        </caption>
      )}
      <thead>
        <tr>
          <th scope="col">{t('exceptions.field')}</th>
          <th scope="col">{t('exceptions.incoming', { name: item.incoming.from.name })}</th>
          <th scope="col">{t('exceptions.local')}</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => {
          const differs = item.differences.includes(field)
          return (
            <tr key={field} data-differs={differs}>
              <th scope="row">
                {t(`exceptions.${field}`)}
                {differs && (
                  <Badge tone="warning" icon={Diff}>
                    {t('exceptions.differs')}
                  </Badge>
                )}
              </th>
              <td>{show(item.incoming, field) || '–'}</td>
              <td>{show(item.local, field) || '–'}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
