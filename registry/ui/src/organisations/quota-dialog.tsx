import { useMutation } from '@tanstack/react-query'
import { Field, say } from '@twiin/ui-kit'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api.ts'
import type { KnownOrganisation } from '../api-types.ts'
import { useConfirmation } from '../log-in/use-confirmation.tsx'
import { ActDialog } from '../parts/act-dialog.tsx'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'

interface Props {
  organisation: KnownOrganisation
  /** What another person asked for already: this one agrees to exactly that. */
  asked: { tokensPerDay: number | null; reason: string } | undefined
  onClose: () => void
}

const most = 100_000_000

/** How many unknown patients a node may look up a day. Takes two people. */
export function QuotaDialog({ organisation, asked, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const lookAgain = useLookAgain()
  const confirmation = useConfirmation()
  const [isUsual, setIsUsual] = useState(asked?.tokensPerDay === null)
  const [text, setText] = useState(String(asked?.tokensPerDay ?? organisation.quota))
  const [checked, setChecked] = useState(false)
  const number = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN
  const isWrong = !isUsual && !(number <= most)
  const set = useMutation({
    mutationFn: () =>
      confirmation.run(() =>
        api.setQuota(
          organisation.ura,
          asked ?? { tokensPerDay: isUsual ? null : number, reason: 'measured' },
        ),
      ),
    onSuccess: (outcome) => {
      if (outcome === undefined) return
      say({ text: t(outcome.state === 'recorded' ? 'measure.recorded' : 'measure.done'), tone: 'done' })
      onClose()
    },
    onSettled: () => lookAgain(keys.requests, keys.organisations),
  })
  return (
    <ActDialog
      title={t('organisations.quotaTitle', { name: organisation.name })}
      act={set}
      submit={t(asked === undefined ? 'measure.ask' : 'measure.doAgree')}
      confirmation={confirmation.field}
      onSubmit={() => {
        setChecked(true)
        if (!isWrong) set.mutate()
      }}
      onClose={onClose}
    >
      <p>{t('organisations.quotaText')}</p>
      {asked === undefined ? (
        <>
          <fieldset className="choices">
            <legend>{t('organisations.quota')}</legend>
            <label className="check">
              <input type="radio" name="usual" checked={isUsual} onChange={() => setIsUsual(true)} />
              {t('organisations.quotaUsualChoice')}
            </label>
            <label className="check">
              <input type="radio" name="usual" checked={!isUsual} onChange={() => setIsUsual(false)} />
              {t('organisations.quotaOwnChoice')}
            </label>
          </fieldset>
          {!isUsual && (
            <Field
              label={t('organisations.quotaNumber')}
              error={checked && isWrong ? t('organisations.quotaWrong') : undefined}
            >
              {(control) => (
                <input
                  {...control}
                  inputMode="numeric"
                  autoComplete="off"
                  maxLength={9}
                  value={text}
                  onChange={({ target }) => setText(target.value)}
                />
              )}
            </Field>
          )}
          <p className="muted">{t('measure.twoPeople')}</p>
        </>
      ) : (
        <p className="subject">
          {asked.tokensPerDay === null
            ? t('organisations.quotaUsualChoice')
            : asked.tokensPerDay.toLocaleString(i18n.language)}
        </p>
      )}
    </ActDialog>
  )
}
