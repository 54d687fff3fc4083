import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import '../i18n/late-audit.ts'
import { AccountDifferences } from '../parts/account-differences.tsx'
import { AuditLog } from '../parts/audit-log.tsx'
import { AuditReviews } from '../parts/audit-reviews.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { PatientAccount } from '../parts/patient-account.tsx'

const parts = {
  log: AuditLog,
  reviews: AuditReviews,
  differences: AccountDifferences,
  patient: PatientAccount,
}
type Part = keyof typeof parts

/** Who did what with whose data (J9), what stands out in it, and whether others say the same. */
export function AuditPage() {
  const { t } = useTranslation()
  const [part, setPart] = useState<Part>('log')
  const Shown = parts[part]
  return (
    <>
      <PageTitle title={t('audit.title')} />
      <nav aria-label={t('auditParts.label')}>
        <ul className="chips">
          {(Object.keys(parts) as Part[]).map((each) => (
            <li key={each}>
              <button
                type="button"
                className={each === part ? 'button button-primary' : 'button'}
                aria-current={each === part ? 'page' : undefined}
                onClick={() => setPart(each)}
              >
                {t(`auditParts.${each}`)}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <Shown />
    </>
  )
}
