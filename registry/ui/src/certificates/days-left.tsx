import { useTranslation } from 'react-i18next'
import type { Certificate } from '../api-types.ts'

/** A certificate lives thirty days and is renewed after ten. */
const wholeDays = 30

/** How long it still counts: in words, with a bar of the same meaning in colour. */
export function DaysLeft({ certificate: { status, daysLeft } }: { certificate: Certificate }) {
  const { t } = useTranslation()
  if (status === 'revoked') return null
  if (daysLeft < 0) return <span className="muted">{t('certificates.daysPast', { count: -daysLeft })}</span>
  const tone = daysLeft <= 3 ? 'bad' : daysLeft <= 14 ? 'warning' : 'good'
  const words = daysLeft === 0 ? t('certificates.today') : t('certificates.daysLeft', { count: daysLeft })
  return (
    <span className={`days days-${tone}`}>
      <span className="days-track" aria-hidden>
        <span
          className="days-bar"
          style={{ inlineSize: `${Math.min(100, (daysLeft / wholeDays) * 100)}%` }}
        />
      </span>
      {words}
    </span>
  )
}
