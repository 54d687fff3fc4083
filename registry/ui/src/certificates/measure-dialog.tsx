import { useMutation, useQuery } from '@tanstack/react-query'
import { Field, formatMoment, say } from '@twiin/ui-kit'
import { Siren } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { Certificate, Measure, OpenRequest } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
import { ActDialog } from '../parts/act-dialog.tsx'
import { useReasonText } from '../parts/reason-text.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { EffectPreview } from './effect-preview.tsx'

interface Props {
  measure: Measure
  certificate: Certificate
  /** What another person asked for already: this one agrees. */
  request: OpenRequest | undefined
  onClose: () => void
}

const words = {
  revocation: { title: 'measure.titleRevocation', text: 'measure.textRevocation' },
  suspension: { title: 'measure.titleSuspension', text: 'measure.textSuspension' },
  resumption: { title: 'measure.titleResumption', text: 'measure.textResumption' },
} as const

/** RFC 5280 §5.3.1 where it has a word for it. */
const reasons = {
  revocation: [
    'keyCompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'privilegeWithdrawn',
    'unspecified',
  ],
  suspension: ['certificateHold', 'keyCompromise', 'privilegeWithdrawn', 'misuse'],
  resumption: ['resolved', 'unspecified'],
} as const satisfies Record<Measure, readonly string[]>

/** Four eyes: the first asks, the second makes it happen; or one alone in an emergency, with a review afterwards. */
export function MeasureDialog({ measure, certificate, request, onClose }: Props) {
  const { t } = useTranslation()
  const lookAgain = useLookAgain()
  const confirmation = useConfirmation()
  const [reason, setReason] = useState(request?.request.reason ?? '')
  const [isEmergency, setIsEmergency] = useState(false)
  const [checked, setChecked] = useState(false)
  const { serial, name } = certificate
  const effect = useQuery({
    queryKey: [...keys.certificates, serial, 'effect'],
    queryFn: () => api.effect(serial),
    enabled: measure !== 'resumption',
  })
  const take = useMutation({
    mutationFn: () =>
      confirmation.run(() => api.take(measure, serial, { reason, ...(isEmergency && { emergency: true }) })),
    onSuccess: (outcome) => {
      if (outcome === undefined) return
      say({ text: t(outcome.state === 'recorded' ? 'measure.recorded' : 'measure.done'), tone: 'done' })
      onClose()
    },
    onSettled: () => lookAgain(keys.certificates, keys.requests, keys.reviews, keys.organisations),
  })
  const submit = request !== undefined ? 'measure.doAgree' : isEmergency ? 'measure.doNow' : 'measure.ask'
  return (
    <ActDialog
      title={t(words[measure].title, { name })}
      act={take}
      submit={t(submit)}
      isDanger={measure !== 'resumption'}
      confirmation={confirmation.field}
      onSubmit={() => {
        setChecked(true)
        if (reason !== '') take.mutate()
      }}
      onClose={onClose}
    >
      <p>{t(words[measure].text)}</p>
      {measure !== 'resumption' && <EffectPreview effect={effect.data} error={effect.error} />}
      {request === undefined ? (
        <Field
          label={t('measure.reason')}
          error={checked && reason === '' ? t('apply.errorRequired') : undefined}
        >
          {(control) => (
            <select {...control} value={reason} onChange={({ target }) => setReason(target.value)}>
              <option value="" />
              {reasons[measure].map((code) => (
                <option key={code} value={code}>
                  {t(`reason.${code}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      ) : (
        <Asked request={request} />
      )}
      {request === undefined && measure !== 'resumption' && (
        <div className={isEmergency ? 'notice notice-error' : 'notice'}>
          <Siren aria-hidden size={20} />
          <div>
            <label className="check">
              <input
                type="checkbox"
                checked={isEmergency}
                onChange={({ target }) => setIsEmergency(target.checked)}
              />
              {t('measure.emergency')}
            </label>
            <p className="small">{t(isEmergency ? 'measure.emergencyText' : 'measure.twoPeople')}</p>
          </div>
        </div>
      )}
      {request === undefined && measure === 'resumption' && <p className="muted">{t('measure.twoPeople')}</p>}
    </ActDialog>
  )
}

function Asked({ request: { by, at, request } }: { request: OpenRequest }) {
  const { t, i18n } = useTranslation()
  const reasonText = useReasonText()
  return (
    <div className="notice notice-wait">
      <div>
        <p>{t('measure.second', { by, at: formatMoment(at, i18n.language) })}</p>
        <p>
          {t('measure.reason')}: <strong>{reasonText(request.reason)}</strong>
        </p>
      </div>
    </div>
  )
}
