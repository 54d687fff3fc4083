import { formatDate } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { PatientSearch } from '../api-types.ts'
import { EmergencyBadge } from './emergency-badge.tsx'
import { ageOn, formatName, maskBsn } from '../format.ts'

const sexes = { M: 'search.sexM', F: 'search.sexF' } as const

/** Whose studies these are, always in sight: two identifiers, so that nobody reads the wrong patient. */
export function FoundPatient({ search, bsn }: { search: PatientSearch; bsn: string | undefined }) {
  const { t, i18n } = useTranslation()
  const { patient } = search
  const age = patient === undefined ? undefined : ageOn(patient.birthDate, new Date())
  return (
    <section className="patient" aria-live="polite">
      {patient === undefined ? (
        <p className="patient-name muted">
          {t(search.complete ? 'search.patientNone' : 'search.patientUnknown')}
        </p>
      ) : (
        <h2 className="patient-name">{formatName(patient.name)}</h2>
      )}
      <p className="patient-facts">
        {patient !== undefined && (
          <>
            <span>
              {t('search.birth')} {formatDate(patient.birthDate, i18n.language) || t('app.unknown')}
            </span>
            {age !== undefined && <span>{t('search.age', { count: age })}</span>}
            <span>{t(sexes[patient.sex as keyof typeof sexes] ?? 'search.sexO')}</span>
          </>
        )}
        {bsn !== undefined && <span>BSN {maskBsn(bsn)}</span>}
      </p>
      {search.emergency !== undefined && <EmergencyBadge searchId={search.id} emergency={search.emergency} />}
    </section>
  )
}
