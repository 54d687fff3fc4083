import { useMutation } from '@tanstack/react-query'
import { ApiError, Dialog, Field, Problem, say } from '@twiin/ui-kit'
import { Disc3 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DiscOrder } from '../api-types-work.ts'

interface Props {
  studyInstanceUids: string[]
  onClose: () => void
}

/** A disc for who has no node (spec 19 §5): the node writes it as it is downloaded. */
export function WriteDiscDialog({ studyInstanceUids, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const [form, setForm] = useState({ recipient: '', reason: '', format: 'zip', password: '' })
  const change = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }))
  const isZip = form.format === 'zip'
  const write = useMutation({
    mutationFn: () =>
      download({
        studyInstanceUids,
        recipient: form.recipient.trim(),
        reason: form.reason.trim(),
        format: isZip ? 'zip' : 'iso',
        language: i18n.language === 'en' ? 'en' : 'nl',
        ...(isZip && form.password !== '' ? { password: form.password } : {}),
      }),
    onSuccess: () => {
      say({ text: t('writeDisc.done'), tone: 'done' })
      onClose()
    },
  })
  return (
    <Dialog title={t('writeDisc.title')} onClose={onClose}>
      <form
        className="stack"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          write.mutate()
        }}
      >
        <p className="muted">{t('writeDisc.lead', { count: studyInstanceUids.length })}</p>
        {(['recipient', 'reason'] as const).map((name) => (
          <Field key={name} label={t(`writeDisc.${name}`)}>
            {(control) => (
              <input
                {...control}
                required
                autoComplete="off"
                maxLength={name === 'recipient' ? 200 : 500}
                value={form[name]}
                onChange={({ target }) => change({ [name]: target.value })}
              />
            )}
          </Field>
        ))}
        <fieldset className="choices">
          <legend>{t('writeDisc.format')}</legend>
          {(['zip', 'iso'] as const).map((format) => (
            <label key={format} className="check">
              <input
                type="radio"
                name="format"
                checked={form.format === format}
                onChange={() => change({ format })}
              />
              {t(`writeDisc.${format}`)}
            </label>
          ))}
        </fieldset>
        {isZip && (
          <Field label={t('writeDisc.password')} hint={t('writeDisc.passwordHint')}>
            {(control) => (
              <input
                {...control}
                type="password"
                autoComplete="new-password"
                minLength={12}
                maxLength={128}
                value={form.password}
                onChange={({ target }) => change({ password: target.value })}
              />
            )}
          </Field>
        )}
        {write.error !== null && <Problem error={write.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button type="submit" className="button button-primary" disabled={write.isPending}>
            <Disc3 aria-hidden size={16} />
            {t(write.isPending ? 'writeDisc.writing' : 'writeDisc.write')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** A stream that becomes a file; the browser keeps what is large on disk. */
async function download(order: DiscOrder): Promise<void> {
  const answer = await fetch('/api/v1/disc-exports', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json', 'x-twiin-csrf': '1' },
    body: JSON.stringify(order),
  }).catch(() => {
    throw new ApiError('NODE_UNREACHABLE', 0)
  })
  if (!answer.ok) {
    const { code } = (await answer.json().catch(() => ({}))) as { code?: string }
    throw new ApiError(code ?? 'UNEXPECTED', answer.status)
  }
  const url = URL.createObjectURL(await answer.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = `twiin.${order.format}`
  link.click()
  // Chromium begins to read it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
