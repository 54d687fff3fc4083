import { useQuery } from '@tanstack/react-query'
import { Problem, Skeleton } from '@twiin/ui-kit'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { ConsentEffect, IndexSight, Sight } from '../api-types.ts'

const sights = {
  yes: 'consentMore.sightYes',
  registered: 'consentMore.sightRegistered',
  no: 'consentMore.sightNo',
} as const satisfies Record<Sight, string>

/** What a choice would do, before it is recorded: to the entry in the index, and to each hospital. */
export function ConsentPreview({ change }: { change: Parameters<typeof api.consentEffect>[0] }) {
  const { t } = useTranslation()
  // The choice without the BSN: keys of answers stay in memory longer than this page.
  const { bsn: _, ...choice } = change
  const effect = useQuery({
    queryKey: ['consent effect', JSON.stringify(choice)],
    queryFn: () => api.consentEffect(change),
    gcTime: 0,
    staleTime: 0,
  })
  return (
    <section aria-labelledby="consent-effect" className="stack">
      <h3 id="consent-effect">{t('consentMore.previewTitle')}</h3>
      {effect.error !== null && <Problem error={effect.error} />}
      {effect.data === undefined ? (
        effect.error === null && <Skeleton rows={3} />
      ) : (
        <Effect effect={effect.data} />
      )}
    </section>
  )
}

function Effect({ effect }: { effect: ConsentEffect }) {
  const { t } = useTranslation()
  const { entry, studies, members } = effect
  const inIndex = (sight: IndexSight) => t(`consentMore.${sight}`, { count: studies })
  return (
    <>
      <table className="preview-table">
        <thead>
          <tr>
            <th scope="col">{t('consentMore.member')}</th>
            <th scope="col">{t('consentMore.before')}</th>
            <th scope="col">{t('consentMore.after')}</th>
          </tr>
        </thead>
        <tbody>
          <tr className={entry.before === entry.after ? '' : 'preview-changes'}>
            <th scope="row">{t('consentMore.entry')}</th>
            <td>{inIndex(entry.before)}</td>
            <td>{inIndex(entry.after)}</td>
          </tr>
          {members.map(({ ura, name, before, after }) => (
            <tr key={ura} className={before === after ? '' : 'preview-changes'}>
              <th scope="row">{name}</th>
              <td>{t(sights[before])}</td>
              <td>{t(sights[after])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {members.some(({ before, after }) => before !== after) && (
        <p className="hint">{t('consentMore.soon')}</p>
      )}
    </>
  )
}
