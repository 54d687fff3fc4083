import { formatInstant } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { LogState } from '../api-types.ts'
import { Facts } from '../parts/facts.tsx'

/** How the public log stands: its size, who signed what, and whether that is asked for. */
export function LogStateCard({ log }: { log: LogState }) {
  const { t, i18n } = useTranslation()
  const { size, cosigned, phase, quorum, witnesses } = log
  return (
    <section className="card stack" aria-labelledby="log-state">
      <h2 id="log-state">{t('dashboard.log')}</h2>
      <Facts
        facts={[
          [t('logState.size'), size.toLocaleString(i18n.language)],
          [
            t('logState.cosigned'),
            cosigned === undefined
              ? t('logState.notYet')
              : t('logState.cosignedTo', {
                  index: cosigned.size - 1,
                  at: formatInstant(cosigned.at, i18n.language),
                }),
          ],
          [
            t('logState.phase'),
            phase === 'founding' ? t('logState.founding') : t('logState.required', { quorum }),
          ],
          [t('logState.witnesses'), witnesses.length === 0 ? t('logState.noWitnesses') : witnesses.length],
        ]}
      />
      <div>
        <Link to="/beheer/logboek" className="button">
          {t('logState.open')}
        </Link>
      </div>
    </section>
  )
}
