import { useQuery } from '@tanstack/react-query'
import { Field, Problem, Skeleton } from '@twiin/ui-kit'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { digitsOf, isBsn, maskBsn, typedBsn } from '../format.ts'
import { ConsentForm } from '../parts/consent-form.tsx'
import { ConsentRecords } from '../parts/consent-records.tsx'
import { PageTitle } from '../parts/page-title.tsx'
import { ShieldingForm } from '../parts/shielding-form.tsx'

/** What a patient said about being found (spec 08). The BSN stays in this page's memory and in request bodies. */
export function ConsentPage() {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [checked, setChecked] = useState(false)
  const [asked, setAsked] = useState<{ bsn: string; turn: number }>()
  const field = useRef<HTMLInputElement>(null)
  // Not under the BSN: keys of answers stay in memory longer than this page.
  const state = useQuery({
    queryKey: ['consents', asked?.turn],
    queryFn: () => api.consents(asked?.bsn ?? ''),
    enabled: asked !== undefined,
    gcTime: 0,
  })
  const error = text.trim() === '' ? t('bsn.empty') : isBsn(text) ? undefined : t('bsn.wrong')
  return (
    <>
      <PageTitle title={t('consent.title')} />
      <p className="lead">{t('consent.lead')}</p>
      <form
        className="card search-form"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          setChecked(true)
          if (error !== undefined) return field.current?.focus()
          setAsked({ bsn: digitsOf(text), turn: (asked?.turn ?? 0) + 1 })
          setText('')
          setChecked(false)
        }}
      >
        <Field label={t('bsn.label')} hint={t('bsn.hint')} error={checked ? error : undefined}>
          {(control) => (
            <input
              {...control}
              ref={field}
              data-search
              className="numeric"
              inputMode="numeric"
              autoComplete="off"
              spellCheck={false}
              maxLength={20}
              value={text}
              onChange={({ target }) => setText(typedBsn(target.value))}
            />
          )}
        </Field>
        <div className="search-submit">
          <button type="submit" className="button button-primary">
            {t('consent.lookUp')}
          </button>
        </div>
      </form>
      <p className="muted">{t('consent.rule')}</p>
      {state.error !== null && <Problem error={state.error} onRetry={() => void state.refetch()} />}
      {asked !== undefined && state.data === undefined && state.error === null && <Skeleton rows={3} />}
      {asked !== undefined && state.data !== undefined && (
        <div className="columns columns-wide" key={asked.turn}>
          <ConsentRecords state={state.data} bsn={maskBsn(asked.bsn)} />
          <ConsentForm bsn={asked.bsn} state={state.data} onRecorded={() => void state.refetch()} />
          <ShieldingForm
            key={state.data.shielding?.index ?? 'off'}
            bsn={asked.bsn}
            state={state.data}
            onRecorded={() => void state.refetch()}
          />
        </div>
      )}
    </>
  )
}
