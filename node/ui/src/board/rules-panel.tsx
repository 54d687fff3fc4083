import { useMutation, useQuery } from '@tanstack/react-query'
import { Badge, Field, Problem } from '@twiin/ui-kit'
import { ArrowRight, CircleCheck, CircleDashed } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Rule } from '../api-types-work.ts'
import type { Wording } from '../i18n/wording.ts'
import { useMembers, useStudies } from '../queries.ts'
import { keys } from '../query-keys.ts'

type Condition = keyof Wording['conditions']

/** Studies that go by themselves: the rules as they stand, and which would fire for a study that is here. */
export function RulesPanel() {
  const { t } = useTranslation()
  const { data, error, refetch } = useQuery({ queryKey: keys.rules, queryFn: api.rules })
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />
  return (
    <section className="stack">
      <h2>{t('rules.title')}</h2>
      {data?.rules.length === 0 && <p className="muted">{t('rules.none')}</p>}
      <ol className="plain-list">
        {data?.rules.map((rule) => (
          <RuleLine key={rule.name} rule={rule} />
        ))}
      </ol>
      {data !== undefined && (
        <p className="muted small">
          {t('rules.excluded', { kinds: data.excludeFromSends.join(', ') || '–', zone: data.timeZone })}
        </p>
      )}
      {data !== undefined && data.rules.length > 0 && <RuleTest />}
    </section>
  )
}

function RuleLine({ rule: { name, when, to, stop } }: { rule: Rule }) {
  const { t } = useTranslation()
  const { data: members } = useMembers()
  const conditions = Object.entries(when).map(
    ([key, value]) => `${t(`conditions.${key as Condition}`)}: ${[value].flat().join(', ')}`,
  )
  return (
    <li className="card rule">
      <strong>{name}</strong>
      <span>{conditions.join(' · ') || t('rules.always')}</span>
      <ArrowRight aria-hidden size={16} />
      <span>
        {to === undefined
          ? t('rules.nowhere')
          : [members?.find(({ ura }) => ura === to.ura)?.name ?? to.ura, to.mailbox, to.reason]
              .filter(Boolean)
              .join(' · ')}
      </span>
      {stop && <Badge>{t('rules.stop')}</Badge>}
    </li>
  )
}

function RuleTest() {
  const { t } = useTranslation()
  const studies = useStudies().data?.pages.flatMap((page) => page.studies) ?? []
  const [uid, setUid] = useState('')
  const test = useMutation({ mutationFn: () => api.testRules(uid.trim()) })
  return (
    <form
      className="card stack"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        test.mutate()
      }}
    >
      <div className="disc-intake">
        <Field label={t('rules.study')} hint={t('rules.studyHint')} className="field-grow">
          {(control) => (
            <input
              {...control}
              required
              list="studies-here"
              pattern="[0-9.]{1,64}"
              autoComplete="off"
              value={uid}
              onChange={({ target }) => setUid(target.value)}
            />
          )}
        </Field>
        <datalist id="studies-here">
          {studies.map((study) => (
            <option key={study.handle} value={study.studyInstanceUid}>
              {`${study.studyDate} ${study.description}`}
            </option>
          ))}
        </datalist>
        <button type="submit" className="button" disabled={test.isPending}>
          {t('rules.test')}
        </button>
      </div>
      {test.error !== null && <Problem error={test.error} />}
      {test.data !== undefined && (
        <ul className="plain-list" role="status">
          {test.data.isFromElsewhere && <li>{t('rules.fromElsewhere')}</li>}
          {test.data.rules.map(({ name, sends, matches, failing }) => (
            <li key={name}>
              <Badge tone={sends ? 'good' : 'plain'} icon={sends ? CircleCheck : CircleDashed}>
                {t(sends ? 'rules.sends' : matches ? 'rules.matches' : 'rules.not')}
              </Badge>{' '}
              {name}{' '}
              <span className="muted">
                {failing.map((key) => t(`conditions.${key as Condition}`)).join(', ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </form>
  )
}
