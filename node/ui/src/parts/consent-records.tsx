import { Badge, formatInstant } from '@twiin/ui-kit'
import { CircleCheck, CircleHelp, CircleX, Eye, EyeOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ConsentRecord, ConsentState } from '../api-types.ts'
import { useScopeText } from './consent-scope.ts'

/** What counts now, for everybody at least: nothing recorded is shown as the no that it is. */
export function ConsentRecords({ state, bsn }: { state: ConsentState; bsn: string }) {
  const { t } = useTranslation()
  const { records, history } = state
  const saidOfAll = records.some(({ scope }) => scope.kind === 'all')
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
      {records.length === 0 && <p>{t('consent.none')}</p>}
      <ul className="plain-list consent-list">
        {records.map((record) => (
          <Recorded key={`${record.source}${JSON.stringify(record.scope)}`} record={record} />
        ))}
        {!saidOfAll && (
          <li>
            <Badge icon={CircleHelp}>{t('consentMore.unknown')}</Badge>
            <span>{t('consent.scopeAll')}</span>
          </li>
        )}
      </ul>
      <details>
        <summary>{t('consentMore.history')}</summary>
        {history.length === 0 ? (
          <p className="muted">{t('consentMore.historyNone')}</p>
        ) : (
          <ul className="plain-list consent-list">
            {history.map((record) => (
              <Recorded key={JSON.stringify(record)} record={record} />
            ))}
          </ul>
        )}
      </details>
    </section>
  )
}

function Recorded({ record }: { record: ConsentRecord }) {
  const { t, i18n } = useTranslation()
  const scopeText = useScopeText()
  const { scope, decision, recordedAt, source, by, givenBy, note } = record
  const words = [
    `${t('consent.since')} ${formatInstant(recordedAt, i18n.language)}`,
    `${t('consent.source')} ${t(source === 'mitz' ? 'consent.sourceMitz' : 'consent.sourceLocal')}`,
    `${t('consentMore.givenBy')}: ${t(`consentMore.${givenBy ?? 'patient'}`)}`,
    `${t('consent.by')} ${by}`,
    ...(note === undefined ? [] : [note]),
  ]
  return (
    <li>
      <Badge
        tone={decision === 'permit' ? 'good' : 'bad'}
        icon={decision === 'permit' ? CircleCheck : CircleX}
      >
        {t(decision === 'permit' ? 'consent.permitted' : 'consent.denied')}
      </Badge>
      <span>{scopeText(scope)}</span>
      <span className="muted small">{words.join(' · ')}</span>
    </li>
  )
}
