import { useMutation } from '@tanstack/react-query'
import { Field, Problem, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { ConsentScope, ConsentState, GivenBy, Member } from '../api-types.ts'
import { useMembers } from '../queries.ts'
import { ConsentPreview } from './consent-preview.tsx'
import { useScopeText } from './consent-scope.ts'

const kinds = { all: 'scopeAll', category: 'scopeCategory', organisation: 'scopeOrganisation' } as const
const givers = ['patient', 'parent', 'both'] as const satisfies GivenBy[]
const categories = ['umc', 'hospital', 'clinic'] as const satisfies Member['category'][]

/** For whom, yes or no, and what that does; nothing is chosen beforehand. */
interface Props {
  bsn: string
  state: ConsentState
  onRecorded: () => void
}

export function ConsentForm({ bsn, state, onRecorded }: Props) {
  const { t } = useTranslation()
  const scopeText = useScopeText()
  const others = useMembers().data?.filter(({ self }) => !self) ?? []
  const [kind, setKind] = useState<keyof typeof kinds>('all')
  const [category, setCategory] = useState<Member['category']>('umc')
  const [chosenUra, setUra] = useState('')
  const [decision, setDecision] = useState<'permit' | 'deny'>()
  const [giver, setGiver] = useState<GivenBy>(state.givers[0] ?? 'patient')
  const [note, setNote] = useState('')
  const ura = chosenUra || (others[0]?.ura ?? '')
  const scope: ConsentScope =
    kind === 'all' ? { kind } : kind === 'category' ? { kind, category } : { kind, ura }
  const order = decision && {
    ...{ bsn, decision, scope, givenBy: giver },
    ...(note.trim() === '' ? {} : { note: note.trim() }),
  }
  const record = useMutation({
    mutationFn: api.recordConsent,
    onSuccess: () => {
      say({ text: t('consent.recorded'), tone: 'done' })
      setDecision(undefined)
      setNote('')
      onRecorded()
    },
  })
  return (
    <form
      className="card stack"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        if (order !== undefined) record.mutate(order)
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
      <Field
        label={t('consentMore.givenBy')}
        hint={t(state.givers.length === 0 ? 'consentMore.giverUnknown' : 'consentMore.giverHint')}
      >
        {(control) => (
          <select {...control} value={giver} onChange={({ target }) => setGiver(target.value as GivenBy)}>
            {givers.map((name) => (
              <option key={name} value={name}>
                {t(`consentMore.${name}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('consentMore.note')} hint={t('consentMore.noteHint')}>
        {(control) => (
          <input
            {...control}
            autoComplete="off"
            maxLength={200}
            value={note}
            onChange={({ target }) => setNote(target.value)}
          />
        )}
      </Field>
      <p className="effect" role="status">
        {decision !== undefined &&
          t(decision === 'permit' ? 'consent.effectPermit' : 'consent.effectDeny', { who: scopeText(scope) })}
      </p>
      {order !== undefined && <ConsentPreview change={order} />}
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
