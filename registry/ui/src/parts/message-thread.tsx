import { useMutation } from '@tanstack/react-query'
import { Field, formatInstant, Problem, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Application } from '../api-types.ts'

interface Props {
  messages: Application['messages']
  reader: 'registry' | 'applicant'
  label: string
  hint?: string
  submit: string
  /** Left out: this reader only reads. */
  onSend?: ((text: string) => Promise<unknown>) | undefined
}

/** What registry and applicant said to each other, and a field to say more. */
export function MessageThread({ messages, reader, label, hint, submit, onSend }: Props) {
  const { t, i18n } = useTranslation()
  // Of the registry several people write: none of them is "you".
  const who = (from: 'registry' | 'applicant') =>
    from === 'registry'
      ? t('status.fromRegistry')
      : t(reader === 'applicant' ? 'status.me' : 'status.fromApplicant')
  return (
    <>
      {messages.length === 0 && <p className="muted">{t('status.noMessages')}</p>}
      {messages.length > 0 && (
        <ol className="thread">
          {messages.map(({ from, at, text }) => (
            <li key={`${at} ${from}`} className={from === reader ? 'message message-own' : 'message'}>
              <span className="message-head small">
                <strong>{who(from)}</strong> <span className="muted">{formatInstant(at, i18n.language)}</span>
              </span>
              <p className="message-text">{text}</p>
            </li>
          ))}
        </ol>
      )}
      {onSend !== undefined && <MessageForm {...{ label, submit, onSend }} hint={hint} />}
    </>
  )
}

function MessageForm(props: {
  label: string
  hint: string | undefined
  submit: string
  onSend: (text: string) => Promise<unknown>
}) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [checked, setChecked] = useState(false)
  const send = useMutation({
    mutationFn: props.onSend,
    onSuccess: () => {
      setText('')
      say({ text: t('status.sent'), tone: 'done' })
    },
  })
  return (
    <form
      className="stack"
      method="post"
      onSubmit={(event) => {
        event.preventDefault()
        const isEmpty = text.trim() === ''
        setChecked(isEmpty)
        if (!isEmpty) send.mutate(text.trim())
      }}
    >
      <Field
        label={props.label}
        {...(props.hint !== undefined && { hint: props.hint })}
        error={checked && text.trim() === '' ? t('status.messageEmpty') : undefined}
      >
        {(control) => (
          <textarea
            {...control}
            rows={3}
            maxLength={1000}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        )}
      </Field>
      {send.error !== null && <Problem error={send.error} />}
      <div>
        <button type="submit" className="button" disabled={send.isPending}>
          {props.submit}
        </button>
      </div>
    </form>
  )
}
