import { useMutation } from '@tanstack/react-query'
import { Badge, Empty, Field, Problem, Skeleton } from '@twiin/ui-kit'
import { CircleX, Printer, Siren, UserRoundSearch } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { PatientAccount as Account, PatientAccountQuestion } from '../api-types.ts'
import { digitsOf, isBsn, typedBsn } from '../format.ts'

/** Who saw a patient's images, in plain words. The BSN stays in this page's memory and in request bodies. */
export function PatientAccount() {
  const { t, i18n } = useTranslation()
  const [bsn, setBsn] = useState('')
  const [period, setPeriod] = useState({ from: '', to: '' })
  const [language, setLanguage] = useState<'nl' | 'en'>(i18n.language === 'en' ? 'en' : 'nl')
  const [checked, setChecked] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const list = useMutation({ mutationFn: api.patientAccount, gcTime: 0 })
  const print = useMutation({ mutationFn: api.patientAccountPdf, onSuccess: save, gcTime: 0 })
  const error = bsn.trim() === '' ? t('bsn.empty') : isBsn(bsn) ? undefined : t('bsn.wrong')
  const ask = (work: (question: PatientAccountQuestion) => void) => {
    setChecked(true)
    if (error !== undefined) return field.current?.focus()
    const { from, to } = period
    work({
      ...{ bsn: digitsOf(bsn), language },
      ...(from === '' ? {} : { from }),
      ...(to === '' ? {} : { to }),
    })
  }
  return (
    <>
      <p className="lead">{t('auditPatient.lead')}</p>
      <form
        className="card search-form"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          ask(list.mutate)
        }}
      >
        <Field label={t('bsn.label')} hint={t('bsn.hint')} error={checked ? error : undefined}>
          {(control) => (
            <input
              {...control}
              ref={field}
              className="numeric"
              inputMode="numeric"
              autoComplete="off"
              spellCheck={false}
              maxLength={20}
              value={bsn}
              onChange={({ target }) => setBsn(typedBsn(target.value))}
            />
          )}
        </Field>
        {(['from', 'to'] as const).map((edge) => (
          <Field key={edge} label={t(`audit.${edge}`)}>
            {(control) => (
              <input
                {...control}
                type="date"
                value={period[edge]}
                onChange={({ target }) => setPeriod((before) => ({ ...before, [edge]: target.value }))}
              />
            )}
          </Field>
        ))}
        <Field label={t('auditPatient.language')}>
          {(control) => (
            <select
              {...control}
              value={language}
              onChange={({ target }) => setLanguage(target.value === 'en' ? 'en' : 'nl')}
            >
              <option value="nl">Nederlands</option>
              <option value="en">English</option>
            </select>
          )}
        </Field>
        <div className="search-submit">
          <button type="submit" className="button button-primary" disabled={list.isPending}>
            {t('auditPatient.show')}
          </button>
          <button
            type="button"
            className="button"
            disabled={print.isPending}
            onClick={() => ask(print.mutate)}
          >
            <Printer aria-hidden size={16} />
            {t('auditPatient.print')}
          </button>
        </div>
      </form>
      {[list.error, print.error].map(
        (each, at) => each !== null && <Problem key={at} error={each} onRetry={() => ask(list.mutate)} />,
      )}
      {list.isPending && <Skeleton rows={6} />}
      {list.data !== undefined && <Lines account={list.data} />}
    </>
  )
}

function Lines({ account: { lines, more } }: { account: Account }) {
  const { t } = useTranslation()
  if (lines.length === 0)
    return (
      <Empty icon={UserRoundSearch} title={t('auditPatient.emptyTitle')} text={t('auditPatient.emptyText')} />
    )
  return (
    <>
      {more && <p className="notice notice-error">{t('auditPatient.more')}</p>}
      <div className="table-frame">
        <table className="table" aria-label={t('auditParts.patient')}>
          <thead>
            <tr>
              <th scope="col">{t('audit.when')}</th>
              <th scope="col">{t('auditPatient.who')}</th>
              <th scope="col">{t('auditPatient.what')}</th>
              <th scope="col">{t('auditPatient.why')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <tr key={at} className="row">
                <td>{line.when}</td>
                <td>
                  {line.who} <span className="muted small">{line.organisation}</span>
                </td>
                <td className="main-cell">
                  {line.what}
                  {line.emergency && (
                    <Badge tone="bad" icon={Siren}>
                      {t('audit.emergency')}
                    </Badge>
                  )}
                  {line.outcome === 'refused' && (
                    <Badge tone="warning" icon={CircleX}>
                      {t('audit.refused')}
                    </Badge>
                  )}
                </td>
                <td>{line.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

/** Hands the file to the browser; its address is gone a moment later. */
function save(file: Blob): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = 'inzage.pdf'
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
