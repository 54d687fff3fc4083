import { useQuery } from '@tanstack/react-query'
import {
  chooseLanguage,
  chooseTheme,
  currentTheme,
  Field,
  preference,
  Problem,
  shortcutsEnabled,
  Skeleton,
} from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { EffectiveSetting } from '../api-types-work.ts'
import { chooseDensity, useDensity } from '../parts/density.ts'
import { PageTitle } from '../parts/page-title.tsx'
import { keys } from '../query-keys.ts'
import { useSession } from '../session.ts'

/** What this person likes; for an operator also what the node runs with. */
export function SettingsPage() {
  const { t } = useTranslation()
  const { user } = useSession()
  return (
    <>
      <PageTitle title={t('settings.title')} />
      <OwnPreferences />
      {user.role === 'operator' && <NodeSettings />}
    </>
  )
}

function OwnPreferences() {
  const { t, i18n } = useTranslation()
  const density = useDensity()
  const [theme, setTheme] = useState(currentTheme)
  const [shortcuts, setShortcuts] = useState(shortcutsEnabled)
  return (
    <section className="card stack">
      <h2>{t('settings.own')}</h2>
      <p className="muted">{t('settings.ownLead')}</p>
      <Choice
        {...{ name: 'language', legend: t('settings.language'), chosen: i18n.language }}
        options={[
          { value: 'nl', text: 'Nederlands' },
          { value: 'en', text: 'English' },
        ]}
        onChoose={(value) => void chooseLanguage(value === 'en' ? 'en' : 'nl')}
      />
      <Choice
        {...{ name: 'theme', legend: t('settings.theme'), chosen: theme }}
        options={(['light', 'dark'] as const).map((value) => ({ value, text: t(`settings.${value}`) }))}
        onChoose={(value) => {
          const next = value === 'dark' ? 'dark' : 'light'
          chooseTheme(next)
          setTheme(next)
        }}
      />
      <Choice
        {...{ name: 'density', legend: t('settings.density'), chosen: density }}
        options={(['normal', 'dense'] as const).map((value) => ({ value, text: t(`settings.${value}`) }))}
        onChoose={(value) => chooseDensity(value === 'dense' ? 'dense' : 'normal')}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={shortcuts}
          onChange={({ target }) => {
            preference.set('shortcuts', target.checked ? 'on' : 'off')
            setShortcuts(target.checked)
          }}
        />
        {t('shortcuts.enabled')}
      </label>
    </section>
  )
}

interface ChoiceProps {
  name: string
  legend: string
  chosen: string
  options: readonly { value: string; text: string }[]
  onChoose: (value: string) => void
}

function Choice({ name, legend, chosen, options, onChoose }: ChoiceProps) {
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {options.map(({ value, text }) => (
        <label key={value} className="check">
          <input type="radio" name={name} checked={chosen === value} onChange={() => onChoose(value)} />
          {text}
        </label>
      ))}
    </fieldset>
  )
}

function NodeSettings() {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState('')
  const { data, error, refetch } = useQuery({
    queryKey: keys.settings,
    queryFn: async () => (await api.settings()).settings,
    staleTime: 60_000,
  })
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = data?.filter(({ path, description }) =>
    words.every((word) => `${path} ${description}`.toLowerCase().includes(word)),
  )
  return (
    <section className="stack">
      <h2>{t('settings.node')}</h2>
      <p className="lead">{t('settings.nodeLead')}</p>
      {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={8} />}
      {data !== undefined && (
        <>
          <Field label={t('settings.filter')} className="filter">
            {(control) => (
              <input
                {...control}
                type="search"
                data-search
                maxLength={64}
                value={wanted}
                onChange={({ target }) => setWanted(target.value)}
              />
            )}
          </Field>
          <table className="table settings" aria-label={t('settings.node')}>
            <thead>
              <tr>
                <th scope="col">{t('settings.name')}</th>
                <th scope="col">{t('settings.value')}</th>
                <th scope="col">{t('settings.meaning')}</th>
              </tr>
            </thead>
            <tbody lang="en">
              {shown?.map((setting) => (
                <SettingRow key={setting.path} setting={setting} />
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  )
}

function SettingRow({ setting: { path, value, isDefault, description } }: { setting: EffectiveSetting }) {
  const { t, i18n } = useTranslation()
  return (
    <tr className="row">
      <td className="code setting-path">{path}</td>
      <td className="code setting-value" lang={i18n.language}>
        {value === undefined
          ? t('settings.unset')
          : typeof value === 'string'
            ? value
            : JSON.stringify(value)}
        {isDefault && value !== undefined && <span className="muted"> ({t('settings.default')})</span>}
      </td>
      <td className="setting-meaning">{description}</td>
    </tr>
  )
}
