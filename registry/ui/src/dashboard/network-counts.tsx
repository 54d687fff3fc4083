import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { Statistics } from '../api-types.ts'

/** The figures of now; each leads to where they come from. */
export function NetworkCounts({ statistics }: { statistics: Statistics }) {
  const { t } = useTranslation()
  const { coverage, members, openApplications, certificates, bundleVersion } = statistics
  const counts = [
    [t('dashboard.members'), members, '/beheer/organisaties'],
    [t('dashboard.hospitals'), t('dashboard.hospitalsOf', coverage.hospitals), '/beheer/statistiek'],
    [t('dashboard.clinics'), t('dashboard.clinicsOf', coverage.clinics), '/beheer/statistiek'],
    [t('dashboard.openApplications'), openApplications, '/beheer/aanvragen'],
    [t('dashboard.validCertificates'), certificates.valid, '/beheer/certificaten'],
    [t('dashboard.bundle'), bundleVersion, '/beheer/netwerk'],
  ] as const
  return (
    <section className="stack" aria-labelledby="counts">
      <h2 id="counts">{t('dashboard.counts')}</h2>
      <ul className="counts">
        {counts.map(([name, value, to]) => (
          <li key={name}>
            <Link to={to} className="count">
              <span className="count-value">{value}</span>
              <span className="count-name">{name}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
