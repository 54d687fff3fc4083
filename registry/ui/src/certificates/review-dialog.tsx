import { useMutation } from '@tanstack/react-query'
import { Dialog, formatMoment, Problem, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Review } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
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
    <Dialog title={t('measure.reviewTitle', { by })} isQuestion onClose={onClose}>
      <form
        className="stack"
        method="post"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          setChecked(true)
          if (upheld !== undefined) judge.mutate(upheld)
        }}
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
        {confirmation.field}
        {judge.error !== null && <Problem error={judge.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('app.cancel')}
          </button>
          <button type="submit" className="button button-primary" disabled={judge.isPending}>
            {t('measure.reviewSubmit')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
