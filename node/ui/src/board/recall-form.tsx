import { useMutation } from '@tanstack/react-query'
import { Dialog, Field, Problem, say } from '@twiin/ui-kit'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { RecallOrder } from '../api-types-work.ts'
import { useMembers } from '../queries.ts'

const kinds = ['sent-by-mistake', 'quality', 'patient-safety', 'worklist-entry', 'retention'] as const

/** Takes a study back from everybody who was given it (spec 20 §5). */
export function RecallForm() {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  return (
    <section className="stack">
      <h2>{t('recall.title')}</h2>
      <p className="muted">{t('recall.lead')}</p>
      <div>
        <button type="button" className="button" onClick={() => setOpen(true)}>
          <Undo2 aria-hidden size={16} />
          {t('recall.begin')}
        </button>
      </div>
      {isOpen && <RecallDialog onClose={() => setOpen(false)} />}
    </section>
  )
}

function RecallDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const { data: members } = useMembers()
  const [order, setOrder] = useState<RecallOrder>({
    studyInstanceUid: '',
    reason: '',
    kind: 'sent-by-mistake',
  })
  const recall = useMutation({
    mutationFn: () => api.recall({ ...order, studyInstanceUid: order.studyInstanceUid.trim() }),
    onSuccess: ({ recipients }) => {
      const names = recipients.map((ura) => members?.find((one) => one.ura === ura)?.name ?? ura)
      say({ text: t('recall.done', { names: names.join(', ') }), tone: 'done' })
      onClose()
    },
  })
  const change = (part: Partial<RecallOrder>) => setOrder((before) => ({ ...before, ...part }))
  return (
    <Dialog title={t('recall.title')} isQuestion onClose={onClose}>
      <form
        className="stack"
        method="post"
        onSubmit={(event) => {
          event.preventDefault()
          recall.mutate()
        }}
      >
        <Field label={t('timeline.uid')}>
          {(control) => (
            <input
              {...control}
              required
              pattern="\s*[0-9.]{1,64}\s*"
              autoComplete="off"
              value={order.studyInstanceUid}
              onChange={({ target }) => change({ studyInstanceUid: target.value })}
            />
          )}
        </Field>
        <Field label={t('recall.kind')}>
          {(control) => (
            <select
              {...control}
              value={order.kind}
              onChange={({ target }) => change({ kind: target.value as RecallOrder['kind'] })}
            >
              {kinds.map((kind) => (
                <option key={kind} value={kind}>
                  {t(`recall.kinds.${kind}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t('recall.reason')}>
          {(control) => (
            <input
              {...control}
              required
              maxLength={450}
              autoComplete="off"
              value={order.reason}
              onChange={({ target }) => change({ reason: target.value })}
            />
          )}
        </Field>
        {recall.error !== null && <Problem error={recall.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button type="submit" className="button button-danger" disabled={recall.isPending}>
            {t('recall.begin')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
