import { useQuery } from '@tanstack/react-query'
import { Field } from '@twiin/ui-kit'
import type { ControlProps } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { AuditFilter } from '../api-types.ts'
import type { Wording } from '../i18n/wording.ts'
import { keys } from '../query-keys.ts'

interface Props {
  today: string
  filter: AuditFilter
  onShow: (filter: AuditFilter) => void
}

type EventName = keyof Wording['events']
const outcomes = ['success', 'refused', 'failed'] as const

/** Which lines: period, person, event, other hospital, outcome, emergency. */
export function AuditFilterForm({ today, filter, onShow }: Props) {
  const { t, i18n } = useTranslation()
  const [typed, setTyped] = useState(filter)
  const members = useQuery({ queryKey: keys.members, queryFn: api.members })
  const set = (change: Partial<AuditFilter>) => setTyped((before) => ({ ...before, ...change }))
  const events = Object.keys(i18n.getResource('nl', 'translation', 'events') as object) as EventName[]
  const choice = (
    name: 'event' | 'peer' | 'outcome',
    options: readonly (readonly [value: string, text: string])[],
  ) => {
    const select = (control: ControlProps) => (
      <select {...control} value={typed[name]} onChange={({ target }) => set({ [name]: target.value })}>
        <option value="">{t('auditLog.all')}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    )
    return select
  }
  const others = (members.data?.members ?? []).filter(({ self }) => !self)
  return (
    <form
      className="card search-form"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        onShow(typed)
      }}
    >
      {(['from', 'to'] as const).map((edge) => (
        <Field key={edge} label={t(`audit.${edge}`)}>
          {(control) => (
            <input
              {...control}
              type="date"
              max={today}
              value={typed[edge]}
              onChange={({ target }) => set({ [edge]: target.value })}
            />
          )}
        </Field>
      ))}
      <Field label={t('auditLog.user')} hint={t('auditLog.userHint')}>
        {(control) => (
          <input
            {...control}
            maxLength={128}
            autoComplete="off"
            value={typed.user}
            onChange={({ target }) => set({ user: target.value })}
          />
        )}
      </Field>
      <Field label={t('auditLog.event')}>
        {choice(
          'event',
          events.map((name) => [name, t(`events.${name}`)] as const),
        )}
      </Field>
      <Field label={t('auditLog.peer')}>
        {choice(
          'peer',
          others.map(({ ura, name }) => [ura, name] as const),
        )}
      </Field>
      <Field label={t('auditLog.outcome')}>
        {choice(
          'outcome',
          outcomes.map((name) => [name, t(`audit.${name}`)] as const),
        )}
      </Field>
      <div className="search-submit">
        <label className="check">
          <input
            type="checkbox"
            checked={typed.emergency}
            onChange={({ target }) => set({ emergency: target.checked })}
          />{' '}
          {t('auditLog.emergency')}
        </label>
        <button type="submit" className="button button-primary">
          {t('audit.show')}
        </button>
      </div>
    </form>
  )
}
