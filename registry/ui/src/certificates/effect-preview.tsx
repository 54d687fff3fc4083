import { formatInstant, Problem } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import type { Effect } from '../api-types.ts'

/** What ending a key would do, before anybody asks for it. Its place is kept while it is fetched. */
export function EffectPreview({ effect, error }: { effect: Effect | undefined; error: Error | null }) {
  const { t, i18n } = useTranslation()
  if (error !== null) return <Problem error={error} />
  const isShort = effect !== undefined && effect.isWitness && effect.witnessesLeft < effect.quorum
  return (
    <section className="effect" aria-labelledby="effect">
      <h3 id="effect">{t('measure.effect')}</h3>
      <ul className="effect-list">
        <li>{t('measure.effectCut')}</li>
        {effect !== undefined && (
          <>
            <li>{t('measure.effectCertificates', { count: effect.certificates })}</li>
            {effect.exchangingBefore !== effect.exchangingAfter && (
              <li>
                {t('measure.effectExchanging', {
                  before: effect.exchangingBefore,
                  after: effect.exchangingAfter,
                })}
              </li>
            )}
            {effect.isWitness && (
              <li className={isShort ? 'effect-warning' : undefined}>
                {t(isShort ? 'measure.effectWitnessFew' : 'measure.effectWitness', {
                  left: effect.witnessesLeft,
                  quorum: effect.quorum,
                })}
              </li>
            )}
            {effect.lastAnnounced !== undefined && (
              <li>
                {t('measure.effectAnnounced', { at: formatInstant(effect.lastAnnounced, i18n.language) })}
              </li>
            )}
          </>
        )}
      </ul>
    </section>
  )
}
