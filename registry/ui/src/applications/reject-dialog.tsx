import { useMutation } from '@tanstack/react-query'
import { Field, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Application } from '../api-types.ts'
import { ActDialog } from '../parts/act-dialog.tsx'

interface Props {
  application: Application
  onClose: () => void
  onRejected: (changed: Application) => void
}

/** Codes, not sentences: they stand in the public log. */
const reasons = [
  'dataIncorrect',
  'identityNotProven',
  'notHealthcare',
  'notReady',
  'duplicate',
  'withdrawnByApplicant',
] as const

export function RejectDialog({ application, onClose, onRejected }: Props) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const [checked, setChecked] = useState(false)
  const reject = useMutation({
    mutationFn: () => api.reject(application.id, reason),
    onSuccess: (changed) => {
      say({ text: t('application.rejected'), tone: 'done' })
      onRejected(changed)
    },
  })
  return (
    <ActDialog
      title={t('application.reject')}
      act={reject}
      submit={t('application.reject')}
      isDanger
      onSubmit={() => {
        setChecked(true)
        if (reason !== '') reject.mutate()
      }}
      onClose={onClose}
    >
      <p className="subject">{application.organisation}</p>
      <p>{t('application.rejectText')}</p>
      <Field
        label={t('application.reason')}
        error={checked && reason === '' ? t('apply.errorRequired') : undefined}
      >
        {(control) => (
          <select {...control} value={reason} onChange={({ target }) => setReason(target.value)}>
            <option value="" />
            {reasons.map((name) => (
              <option key={name} value={name}>
                {t(`reason.${name}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
    </ActDialog>
  )
}
