import { formatInstant } from '@twiin/ui-kit'
import { Circle, CircleCheck } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Transfer } from '../api-types.ts'

/** Where the study is: what it has passed and when, what is still to come, and when that is expected. */
export function TransferHops({ transfer: { hops, eta } }: { transfer: Transfer }) {
  const { t, i18n } = useTranslation()
  return (
    <>
      <ol className="hops">
        {hops.map(({ hop, at }) => (
          <li key={hop} data-reached={at !== null}>
            {at === null ? <Circle aria-hidden size={14} /> : <CircleCheck aria-hidden size={14} />}
            {t(`hops.${hop}`)}
            <span className="muted small">
              {at === null ? t('hops.ahead') : formatInstant(at, i18n.language)}
            </span>
          </li>
        ))}
      </ol>
      {eta !== null && <p className="small">{t('hops.eta', { at: formatInstant(eta, i18n.language) })}</p>}
    </>
  )
}
