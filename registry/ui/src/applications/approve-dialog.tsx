import { useMutation } from '@tanstack/react-query'
import { ApiError, Field, say } from '@twiin/ui-kit'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Admitted, Application } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
import { ActDialog } from '../parts/act-dialog.tsx'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

interface Props {
  application: Application
  onClose: () => void
  onApproved: (answer: Admitted) => void
}

/** Approves exactly what was on the screen when it opened. The second person types the name again. */
export function ApproveDialog({ application, onClose, onApproved }: Props) {
  const { t } = useTranslation()
  const lookAgain = useLookAgain()
  const confirmation = useConfirmation()
  // What was looked at: a change that comes in meanwhile must not slip under the approval.
  const [{ id, digest, organisation, approvals }] = useState(application)
  const isSecond = approvals.length > 0
  const [typed, setTyped] = useState('')
  const [checked, setChecked] = useState(false)
  const nameField = useRef<HTMLInputElement>(null)
  const isWrong = isSecond && typed.trim() !== organisation
  const approve = useMutation({
    mutationFn: () =>
      confirmation.run(() => api.approve(id, { digest, ...(isSecond && { confirm: typed.trim() }) })),
    onSuccess: (answer) => {
      if (answer === undefined) return
      if (answer.enrolmentToken === undefined) say({ text: t('application.approvedOnce'), tone: 'done' })
      onApproved(answer)
    },
    onSettled: () => lookAgain(keys.applications),
  })
  const title = t(isSecond ? 'application.approveSecond' : 'application.approveFirst')
  const hasChanged = approve.error instanceof ApiError && approve.error.code === 'APPLICATION_CHANGED'
  return (
    <ActDialog
      title={title}
      act={approve}
      submit={hasChanged ? undefined : title}
      cancel={t(hasChanged ? 'application.reload' : 'app.cancel')}
      confirmation={confirmation.field}
      onSubmit={() => {
        setChecked(true)
        if (isWrong) return nameField.current?.focus()
        approve.mutate()
      }}
      onClose={onClose}
    >
      <p className="subject">{organisation}</p>
      <p>
        {isSecond
          ? t('application.approveSecondText', { name: organisation })
          : t('application.approveFirstText')}
      </p>
      {application.fingerprint !== undefined && (
        <dl className="facts">
          <div>
            <dt>{t('application.fingerprint')}</dt>
            <dd className="fingerprint">{application.fingerprint}</dd>
          </div>
        </dl>
      )}
      {isSecond && (
        <Field
          label={t('application.retype')}
          hint={t('application.retypeHint')}
          error={checked && isWrong ? t('application.retypeWrong') : undefined}
        >
          {(control) => (
            <input
              {...control}
              ref={nameField}
              autoComplete="off"
              spellCheck={false}
              maxLength={64}
              value={typed}
              onChange={({ target }) => setTyped(target.value)}
            />
          )}
        </Field>
      )}
    </ActDialog>
  )
}
