import { useMutation } from '@tanstack/react-query'
import { Problem, formatInstant, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { ConsentState, IndexChoice } from '../api-types.ts'
import { ConsentPreview } from './consent-preview.tsx'

const choices = { off: 'shieldOff', pointer: 'shieldPointer', hidden: 'shieldHidden' } as const

/** Marks a patient whom the curious look for; what it does stands there before it is done. */
export function ShieldingForm({
  bsn,
  state,
  onRecorded,
}: {
  bsn: string
  state: ConsentState
  onRecorded: () => void
}) {
  const { t, i18n } = useTranslation()
  const { shielding } = state
  const current = shielding?.index ?? 'off'
  const [chosen, setChosen] = useState<IndexChoice | 'off'>(current)
  const record = useMutation({
    mutationFn: () => (chosen === 'off' ? api.unshield(bsn) : api.shield(bsn, chosen)),
    onSuccess: () => {
      say({ text: t('consentMore.shieldDone'), tone: 'done' })
      onRecorded()
    },
  })
  return (
    <form
      className="card stack"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        record.mutate()
      }}
    >
      <h2>{t('consentMore.shieldTitle')}</h2>
      <p>{t('consentMore.shieldLead')}</p>
      {shielding !== undefined && (
        <p className="muted small">
          {t('consentMore.shieldSince', {
            since: formatInstant(shielding.since, i18n.language),
            by: shielding.by,
          })}
        </p>
      )}
      <fieldset className="choices">
        <legend className="hidden-text">{t('consentMore.shieldTitle')}</legend>
        {(Object.keys(choices) as (keyof typeof choices)[]).map((name) => (
          <label key={name} className="check">
            <input type="radio" name="shielding" checked={chosen === name} onChange={() => setChosen(name)} />
            {t(`consentMore.${choices[name]}`)}
          </label>
        ))}
      </fieldset>
      {chosen !== current && (
        <ConsentPreview change={{ bsn, shielding: chosen === 'off' ? null : { index: chosen } }} />
      )}
      {record.error !== null && <Problem error={record.error} />}
      <div>
        <button type="submit" className="button" disabled={chosen === current || record.isPending}>
          {t('consentMore.shieldSet')}
        </button>
      </div>
    </form>
  )
}
