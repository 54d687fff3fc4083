import { formatInstant } from '@twiin/ui-kit'
import { Eye } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { LogState } from '../api-types.ts'
import { short } from '../format.ts'

/** Who watches the log, and how far each has signed. */
export function Witnesses({ log: { witnesses, phase, quorum } }: { log: LogState }) {
  const { t, i18n } = useTranslation()
  return (
    <section className="card stack" aria-labelledby="witnesses">
      <h2 id="witnesses">{t('nodes.witnesses')}</h2>
      <p className="muted">
        {t('nodes.witnessesText')} {t('logState.phase')}:{' '}
        {phase === 'founding' ? t('logState.founding') : t('logState.required', { quorum })}.
      </p>
      {witnesses.length === 0 && <p>{t('logState.noWitnesses')}</p>}
      <ul className="plain-list witnesses">
        {witnesses.map(({ peerId, name, lastSize, lastAt }) => (
          <li key={peerId}>
            <Eye aria-hidden size={18} />
            <strong>{name || short(peerId)}</strong>
            <span className="muted">
              {lastSize === undefined
                ? t('logState.witnessNever')
                : t('logState.witnessSeen', {
                    index: lastSize - 1,
                    at: formatInstant(lastAt, i18n.language),
                  })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
