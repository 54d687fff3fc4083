import { useMutation } from '@tanstack/react-query'
import { Dialog, Field, formatBytes, formatDate, Problem, say } from '@twiin/ui-kit'
import { Send } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import { useLookAgain, useMembers } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { Modalities } from './modalities.tsx'
import { undoSeconds, useUndo } from './use-undo.ts'

export interface SendableStudy {
  studyInstanceUid: string
  studyDate: string | null
  modalities: string[]
  description: string
  instances: number
  bytes: number
}

/** Recipient, why, a word for who receives it: only the studies that were chosen (J2). */
export function SendDialog({ studies, onClose }: { studies: readonly SendableStudy[]; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const members = useMembers()
  const lookAgain = useLookAgain()
  const [form, setForm] = useState({ ura: '', mailbox: '', reason: '', note: '', urgent: false })
  const [checked, setChecked] = useState(false)
  const recipientField = useRef<HTMLSelectElement>(null)
  const reasonField = useRef<HTMLInputElement>(null)
  const change = (part: Partial<typeof form>) => setForm((before) => ({ ...before, ...part }))
  const others = members.data?.filter(({ self }) => !self) ?? []
  const recipient = others.find(({ ura }) => ura === form.ura)
  const bytes = studies.reduce((sum, study) => sum + study.bytes, 0)
  const send = useMutation({
    mutationFn: () =>
      api.send({
        studyInstanceUids: studies.map(({ studyInstanceUid }) => studyInstanceUid),
        recipient: { ura: form.ura, ...(form.mailbox === '' ? {} : { mailbox: form.mailbox }) },
        reason: form.reason.trim(),
        ...(form.note.trim() === '' ? {} : { note: form.note.trim() }),
        urgency: form.urgent ? 'urgent' : 'routine',
        startAfterSeconds: undoSeconds,
      }),
    onSuccess: ({ id }) => {
      lookAgain(keys.transfers)
      say({
        ...{ text: t('send.done', { name: recipient?.name ?? form.ura }), tone: 'done' },
        forMs: undoSeconds * 1000,
        link: { to: '/overdrachten', text: t('send.follow') },
        action: { text: t('undo.button'), key: 'U', run: () => undo(id) },
      })
      onClose()
    },
  })
  const undo = useUndo()
  const submit = () => {
    setChecked(true)
    if (recipient === undefined) recipientField.current?.focus()
    else if (form.reason.trim() === '') reasonField.current?.focus()
    else send.mutate()
  }
  return (
    <Dialog title={t('send.title')} onClose={onClose}>
      <form
        className="stack"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <ul className="plain-list send-studies" aria-label={t('send.studies')}>
          {studies.map((study) => (
            <li key={study.studyInstanceUid}>
              <span className="nowrap">{formatDate(study.studyDate, i18n.language)}</span>
              <Modalities codes={study.modalities} />
              <span>{study.description || t('timeline.noDescription')}</span>
              <span className="muted small nowrap">{t('timeline.images', { count: study.instances })}</span>
            </li>
          ))}
        </ul>
        <div className="columns">
          <Field
            label={t('send.recipient')}
            hint={recipient?.connected === false ? t('send.offline') : ' '}
            error={checked && recipient === undefined ? t('send.recipientEmpty') : undefined}
          >
            {(control) => (
              <select
                {...control}
                ref={recipientField}
                value={form.ura}
                onChange={({ target }) => change({ ura: target.value, mailbox: '' })}
              >
                <option value="">{t('send.recipientChoose')}</option>
                {others.map(({ ura, name, connected }) => (
                  <option key={ura} value={ura}>
                    {connected ? name : `${name} (${t('status.notConnected')})`}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('send.mailbox')}>
            {(control) => (
              <select
                {...control}
                value={form.mailbox}
                disabled={recipient === undefined || recipient.mailboxes.length === 0}
                onChange={({ target }) => change({ mailbox: target.value })}
              >
                <option value="">{t('send.mailboxNone')}</option>
                {recipient?.mailboxes.map((mailbox) => (
                  <option key={mailbox}>{mailbox}</option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Field
          label={t('send.reason')}
          hint={t('send.reasonHint')}
          error={checked && form.reason.trim() === '' ? t('send.reasonEmpty') : undefined}
        >
          {(control) => (
            <input
              {...control}
              ref={reasonField}
              autoComplete="off"
              maxLength={500}
              value={form.reason}
              onChange={({ target }) => change({ reason: target.value })}
            />
          )}
        </Field>
        <Field label={t('send.note')} hint={t('send.noteHint')}>
          {(control) => (
            <textarea
              {...control}
              rows={3}
              maxLength={2000}
              value={form.note}
              onChange={({ target }) => change({ note: target.value })}
            />
          )}
        </Field>
        <fieldset className="choices">
          <legend>{t('send.urgency')}</legend>
          {[false, true].map((urgent) => (
            <label key={String(urgent)} className="check">
              <input
                type="radio"
                name="urgency"
                checked={form.urgent === urgent}
                onChange={() => change({ urgent })}
              />
              {t(urgent ? 'send.urgent' : 'send.routine')}
            </label>
          ))}
        </fieldset>
        <p className="muted small">{t('send.basis')}</p>
        {send.error !== null && <Problem error={send.error} />}
        {members.error !== null && <Problem error={members.error} onRetry={() => void members.refetch()} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button type="submit" className="button button-primary" disabled={send.isPending}>
            <Send aria-hidden size={16} />
            {t('send.submit', { count: studies.length, size: formatBytes(bytes, i18n.language) })}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
