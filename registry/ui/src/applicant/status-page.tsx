import { useQuery } from '@tanstack/react-query'
import { ApiError, Field, Problem, Skeleton } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation, useNavigate } from 'react-router'
import { applicantApi } from '../api.ts'
import { Title } from '../frame/title.tsx'
import { ApplicantView } from './applicant-view.tsx'
import { readStatusAddress, statusAddress } from './status-address.ts'
import type { StatusKey } from './status-address.ts'

/** An applicant comes back by the address it was given; there is no account. */
export function StatusPage() {
  const { t } = useTranslation()
  const { hash } = useLocation()
  const key = readStatusAddress(hash)
  return (
    <div className="narrow">
      <Title title={t('status.title')} />
      {key === undefined ? <AskAddress /> : <Found key={key.id} statusKey={key} />}
    </div>
  )
}

function Found({ statusKey: { id, token } }: { statusKey: StatusKey }) {
  const { t } = useTranslation()
  const api = applicantApi(id, token)
  const { data, error, refetch } = useQuery({
    // Not under the token: keys of answers stay in memory longer than this page.
    queryKey: ['own-application', id],
    queryFn: api.read,
    refetchInterval: 30_000,
    gcTime: 0,
  })
  const isRefused = error instanceof ApiError && [401, 403, 404].includes(error.status)
  if (isRefused)
    return (
      <>
        <p className="notice notice-error" role="alert">
          {t('status.refused')}
        </p>
        <AskAddress />
      </>
    )
  if (data === undefined)
    return error === null ? <Skeleton rows={8} /> : <Problem error={error} onRetry={() => void refetch()} />
  return <ApplicantView application={data} api={api} onChanged={() => void refetch()} />
}

function AskAddress() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [checked, setChecked] = useState(false)
  const key = readStatusAddress(text)
  return (
    <form
      className="card stack"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setChecked(true)
        if (key !== undefined) void navigate(statusAddress(key.id, key.token))
      }}
    >
      <Field
        label={t('status.address')}
        hint={t('status.lead')}
        error={checked && key === undefined ? t('status.addressWrong') : undefined}
      >
        {(control) => (
          <input
            {...control}
            type="text"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        )}
      </Field>
      <div>
        <button type="submit" className="button button-primary">
          {t('status.open')}
        </button>
      </div>
    </form>
  )
}
