import { useMutation } from '@tanstack/react-query'
import { Field, Problem, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { ConsentScope, Member } from '../api-types.ts'
import { useMembers } from '../queries.ts'
import { useScopeText } from './consent-scope.ts'

const kinds = { all: 'scopeAll', category: 'scopeCategory', organisation: 'scopeOrganisation' } as const
const categories = ['umc', 'hospital', 'clinic'] as const satisfies Member['category'][]

/** For whom, yes or no, and what that does; nothing is chosen beforehand. */
export function ConsentForm({ bsn, onRecorded }: { bsn: string; onRecorded: () => void }) {
  const { t } = useTranslation()
  const scopeText = useScopeText()
  const others = useMembers().data?.filter(({ self }) => !self) ?? []
  const [kind, setKind] = useState<keyof typeof kinds>('all')
  const [category, setCategory] = useState<Member['category']>('umc')
  const [chosenUra, setUra] = useState('')
  const [decision, setDecision] = useState<'permit' | 'deny'>()
  const ura = chosenUra || (others[0]?.ura ?? '')
  const scope: ConsentScope =
    kind === 'all' ? { kind } : kind === 'category' ? { kind, category } : { kind, ura }
  const record = useMutation({
    mutationFn: (chosen: 'permit' | 'deny') => api.recordConsent({ bsn, decision: chosen, scope }),
    onSuccess: () => {
      say({ text: t('consent.recorded'), tone: 'done' })
      setDecision(undefined)
      onRecorded()
    },
  })
  return (
    <form
      className="card stack"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        if (decision !== undefined) record.mutate(decision)
      }}
    >
      <h2>{t('consent.recordHeading')}</h2>
      <fieldset className="choices">
        <legend>{t('consent.who')}</legend>
        {(Object.keys(kinds) as (keyof typeof kinds)[]).map((name) => (
          <label key={name} className="check">
            <input type="radio" name="scope" checked={kind === name} onChange={() => setKind(name)} />
            {t(`consent.${kinds[name]}`)}
          </label>
        ))}
      </fieldset>
      {kind === 'category' && (
        <Field label={t('consent.category')}>
          {(control) => (
            <select
              {...control}
              value={category}
              onChange={({ target }) => setCategory(target.value as Member['category'])}
            >
              {categories.map((name) => (
                <option key={name} value={name}>
                  {t(`consent.${name}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {kind === 'organisation' && (
        <Field label={t('consent.organisation')}>
          {(control) => (
            <select {...control} value={ura} onChange={({ target }) => setUra(target.value)}>
              {others.map((member) => (
                <option key={member.ura} value={member.ura}>
                  {member.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <fieldset className="choices">
        <legend>{t('consent.decision')}</legend>
        {(['permit', 'deny'] as const).map((name) => (
          <label key={name} className="check">
            <input
              type="radio"
              name="decision"
              required
              checked={decision === name}
              onChange={() => setDecision(name)}
            />
            {t(`consent.${name}`)}
          </label>
        ))}
      </fieldset>
      <p className="effect" role="status">
        {decision !== undefined &&
          t(decision === 'permit' ? 'consent.effectPermit' : 'consent.effectDeny', { who: scopeText(scope) })}
      </p>
      {record.error !== null && <Problem error={record.error} />}
      <div>
        <button
          type="submit"
          className="button button-primary"
          disabled={record.isPending || (kind === 'organisation' && ura === '')}
        >
          {t('consent.record')}
        </button>
      </div>
    </form>
  )
}
