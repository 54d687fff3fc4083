import { useMutation } from '@tanstack/react-query'
import { formatMoment, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Review } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
import { ActDialog } from '../parts/act-dialog.tsx'
import { useReasonText } from '../parts/reason-text.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

/** Another person's judgement of what one did alone. Nothing is chosen beforehand. */
export function ReviewDialog({ review, onClose }: { review: Review; onClose: () => void }) {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  const lookAgain = useLookAgain()
  const confirmation = useConfirmation()
  const [upheld, setUpheld] = useState<boolean>()
  const [checked, setChecked] = useState(false)
  const { by, at, name, state, reason, serial } = review
  const judge = useMutation({
    mutationFn: (judgement: boolean) => confirmation.run(() => api.review(serial, judgement)),
    onSuccess: (outcome) => {
      if (outcome === undefined) return
      say({ text: t('measure.reviewed'), tone: 'done' })
      onClose()
    },
    onSettled: () => lookAgain(keys.reviews, keys.certificates, keys.organisations),
  })
  const effects = {
    true: t('measure.upheldText'),
    false: t(state === 'suspended' ? 'measure.notUpheldSuspension' : 'measure.notUpheldRevocation'),
  }
  return (
    <ActDialog
      title={t('measure.reviewTitle', { by })}
      act={judge}
      submit={t('measure.reviewSubmit')}
      confirmation={confirmation.field}
      onSubmit={() => {
        setChecked(true)
        if (upheld !== undefined) judge.mutate(upheld)
      }}
      onClose={onClose}
    >
      <p>
        {t('measure.reviewText', {
          by,
          at: formatMoment(at, i18n.language),
          what: t(state === 'revoked' ? 'measure.stateRevoked' : 'measure.stateSuspended'),
          name,
          reason: reasonText(reason),
        })}
      </p>
      <fieldset className="choices">
        <legend>{t('measure.reviewQuestion')}</legend>
        {[true, false].map((answer) => (
          <label key={String(answer)} className="check">
            <input
              type="radio"
              name="upheld"
              checked={upheld === answer}
              onChange={() => setUpheld(answer)}
            />
            {t(answer ? 'measure.upheld' : 'measure.notUpheld')}
          </label>
        ))}
      </fieldset>
      <p className="effect-line" role="status">
        {upheld !== undefined && effects[`${upheld}`]}
      </p>
      {checked && upheld === undefined && <p className="form-error">{t('measure.reviewChoose')}</p>}
    </ActDialog>
  )
}
