import { Badge, formatInstant } from '@twiin/ui-kit'
import { CircleCheck, CircleX, Eye, EyeOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ConsentState } from '../api-types.ts'
import { useScopeText } from './consent-scope.ts'

export function ConsentRecords({ state, bsn }: { state: ConsentState; bsn: string }) {
  const { t, i18n } = useTranslation()
  const scopeText = useScopeText()
  return (
    <section className="card stack">
      <h2>
        {t('consent.current')} <span className="muted">BSN {bsn}</span>
      </h2>
      <p>
        <Badge tone={state.publishable ? 'good' : 'plain'} icon={state.publishable ? Eye : EyeOff}>
          {t(state.publishable ? 'consent.findable' : 'consent.notFindable')}
        </Badge>
      </p>
      {state.records.length === 0 ? (
        <p>{t('consent.none')}</p>
      ) : (
        <ul className="plain-list consent-list">
          {state.records.map(({ scope, decision, recordedAt, source, by }) => (
            <li key={JSON.stringify(scope)}>
              <Badge
                tone={decision === 'permit' ? 'good' : 'bad'}
                icon={decision === 'permit' ? CircleCheck : CircleX}
              >
                {t(decision === 'permit' ? 'consent.permitted' : 'consent.denied')}
              </Badge>
              <span>{scopeText(scope)}</span>
              <span className="muted small">
                {t('consent.since')} {formatInstant(recordedAt, i18n.language)} · {t('consent.source')}{' '}
                {t(source === 'mitz' ? 'consent.sourceMitz' : 'consent.sourceLocal')} · {t('consent.by')} {by}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
