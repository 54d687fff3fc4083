import { useMutation } from '@tanstack/react-query'
import { Badge, Field, formatInstant, Problem, say, useCodeText } from '@twiin/ui-kit'
import { Ban, CircleCheck, ShieldAlert, Siren } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { EmergencyAccess, EmergencyVerdict } from '../api-types.ts'
import { formatName } from '../format.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

const looks = {
  open: { tone: 'bad', icon: Siren, word: 'emergencies.stateOpen' },
  ended: { tone: 'warning', icon: Siren, word: 'emergencies.stateEnded' },
  refused: { tone: 'plain', icon: Ban, word: 'emergencies.stateRefused' },
} as const
const verdicts = ['justified', 'unjustified', 'follow-up'] as const

/** One use: whose, by whom, why, what was done with it, and what the reviewer thinks of it. */
export function EmergencyCard({ access }: { access: EmergencyAccess }) {
  const { t, i18n } = useTranslation()
  const codeText = useCodeText()
  const titleId = useId()
  const { state, direction, patient, user, organisation, review, cause } = access
  const look = looks[state]
  const at = (instant: string) => formatInstant(instant, i18n.language)
  return (
    <article className="card work-item" aria-labelledby={titleId}>
      <header className="work-item-head">
        <h2 id={titleId}>
          {t(`emergencies.${direction}`)}
          {direction === 'received' && `: ${organisation.name || organisation.ura}`}
        </h2>
        <Badge
          tone={review === undefined ? look.tone : 'good'}
          icon={review === undefined ? look.icon : CircleCheck}
        >
          {review === undefined ? t(look.word) : t(`emergencies.${review.verdict}`)}
        </Badge>
        {access.shielded === true && (
          <Badge tone="warning" icon={ShieldAlert}>
            {t('emergencies.shielded')}
          </Badge>
        )}
        {access.consent === 'unavailable' && (
          <Badge tone="warning" icon={ShieldAlert}>
            {t('emergencies.consentUnavailable')}
          </Badge>
        )}
      </header>
      <dl className="facts">
        <dt>{t('emergencies.patient')}</dt>
        <dd>
          {patient.name !== undefined && `${formatName(patient.name)}, `}BSN {patient.bsn}
        </dd>
        <dt>{t('emergencies.who')}</dt>
        <dd>
          {user.name} ({user.id})
        </dd>
        <dt>{t('emergencies.cause')}</dt>
        <dd>{cause === undefined ? access.reason : `${t(`emergency.${cause}`)}: ${access.reason}`}</dd>
        <dt>{t('emergencies.when')}</dt>
        <dd>
          {t('emergencies.period', { from: at(access.openedAt), until: at(access.endedAt ?? access.until) })}
        </dd>
        {access.outcomeReason === undefined ? (
          <>
            <dt>{t('emergencies.used')}</dt>
            <dd>
              {t('emergencies.usedWords', { searches: access.searches, retrievals: access.retrievals })}
            </dd>
          </>
        ) : (
          <>
            <dt>{t('emergencies.refusedFor')}</dt>
            <dd>{codeText(access.outcomeReason)}</dd>
          </>
        )}
      </dl>
      {review !== undefined && (
        <p className="muted">
          {t('emergencies.reviewed', {
            by: review.by.name,
            at: at(review.at),
            verdict: t(`emergencies.${review.verdict}`),
          })}
          {review.note !== '' && ` – ${review.note}`}
        </p>
      )}
      {review === undefined && state !== 'open' && <Review id={access.id} />}
    </article>
  )
}

function Review({ id }: { id: string }) {
  const { t } = useTranslation()
  const lookAgain = useLookAgain()
  const [verdict, setVerdict] = useState<EmergencyVerdict>()
  const [note, setNote] = useState('')
  const [checked, setChecked] = useState(false)
  const noteMissing = verdict !== undefined && verdict !== 'justified' && note.trim() === ''
  const review = useMutation({
    mutationFn: (chosen: EmergencyVerdict) => api.reviewEmergency(id, { verdict: chosen, note: note.trim() }),
    onSuccess: () => say({ text: t('emergencies.done'), tone: 'done' }),
    onSettled: () => {
      lookAgain(keys.emergencies)
      lookAgain(keys.status)
    },
  })
  return (
    <form
      className="stack"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setChecked(true)
        if (verdict !== undefined && !noteMissing) review.mutate(verdict)
      }}
    >
      <fieldset className="choices">
        <legend>{t('emergencies.judge')}</legend>
        {verdicts.map((name) => (
          <label key={name} className="check">
            <input
              type="radio"
              name={`verdict-${id}`}
              checked={verdict === name}
              onChange={() => setVerdict(name)}
            />
            {t(`emergencies.${name}`)}
          </label>
        ))}
        {checked && verdict === undefined && (
          <p className="hint hint-error">{t('emergencies.verdictEmpty')}</p>
        )}
      </fieldset>
      <Field
        label={t('emergencies.note')}
        hint={t('emergencies.noteHint')}
        error={checked && noteMissing ? t('emergencies.noteEmpty') : undefined}
      >
        {(control) => (
          <textarea
            {...control}
            rows={2}
            maxLength={1000}
            value={note}
            onChange={({ target }) => setNote(target.value)}
          />
        )}
      </Field>
      {review.error !== null && <Problem error={review.error} />}
      <div>
        <button type="submit" className="button button-primary" disabled={review.isPending}>
          {t('emergencies.submit')}
        </button>
      </div>
    </form>
  )
}
