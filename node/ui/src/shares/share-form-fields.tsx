import { useMutation } from '@tanstack/react-query'
import { formatBytes, Problem } from '@twiin/ui-kit'
import { Share2 } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GivenShare, ShareOffers, ShareOrder } from '../api-types-shares.ts'
import { useLookAgain } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { Choice } from './choice.tsx'
import { ChooseStudies } from './choose-studies.tsx'
import { MessagePreview } from './message-preview.tsx'
import { OpeningNotice } from './opening-notice.tsx'
import { RecipientFields } from './recipient-fields.tsx'
import { SecondStep } from './second-step.tsx'
import { shareCalls } from './share-calls.ts'
import { chosenOf, daysOffered, faultsOf, firstForm, orderOf } from './share-form.ts'
import type { Fault, PartProps } from './share-form.ts'
import type { ShareSubject } from './shareable-study.ts'

interface Props {
  subject: ShareSubject
  offers: ShareOffers
  onShared: (share: GivenShare, order: ShareOrder) => void
  onClose: () => void
}

const faultTexts = {
  studies: 'studiesEmpty',
  name: 'nameEmpty',
  email: 'emailWrong',
  phone: 'phoneWrong',
} as const

export function ShareFormFields({ subject, offers, onShared, onClose }: Props) {
  const { t, i18n } = useTranslation()
  const lookAgain = useLookAgain()
  const [form, setForm] = useState(() => firstForm(subject, offers, i18n.language))
  const [checked, setChecked] = useState(false)
  const fields = useRef(new Map<Fault, HTMLElement>())
  const faults = faultsOf(form)
  const create = useMutation({
    mutationFn: (order: ShareOrder) => shareCalls.create(order),
    // Link and code are not to be found in the page afterwards.
    gcTime: 0,
    onSuccess: (share, order) => {
      lookAgain(keys.shares)
      onShared(share, order)
    },
  })
  const submit = () => {
    setChecked(true)
    const [first] = faults
    if (first === undefined) create.mutate(orderOf(subject, form))
    else fields.current.get(first)?.focus()
  }
  const part: PartProps = {
    form,
    offers,
    change: (change) => setForm((before) => ({ ...before, ...change })),
    errorOf: (fault) =>
      checked && faults.includes(fault) ? t(`shares.create.${faultTexts[fault]}`) : undefined,
    fieldOf: (fault) => (field) => {
      if (field === null) fields.current.delete(fault)
      else fields.current.set(fault, field)
    },
  }
  const chosen = chosenOf(subject.studies, form)
  const size = formatBytes(
    chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    i18n.language,
  )
  const reports = chosen.reduce((sum, study) => sum + study.reports, 0)
  return (
    <form
      className="stack"
      method="post"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <ChooseStudies
        studies={subject.studies}
        chosen={form.chosen}
        onChosen={(chosen) => part.change({ chosen })}
        error={part.errorOf('studies')}
        first={part.fieldOf('studies')}
      />
      {reports === 0 ? (
        <p className="muted small">{t('shares.create.reportsNone')}</p>
      ) : (
        <label className="check">
          <input
            type="checkbox"
            checked={form.reports}
            onChange={({ target }) => part.change({ reports: target.checked })}
          />
          {t('shares.create.reports', { count: reports })}
        </label>
      )}
      <RecipientFields {...part} />
      <SecondStep {...part} />
      <Terms {...part} />
      <OpeningNotice subject={subject} {...part} />
      <MessagePreview
        order={orderOf(subject, form)}
        isWhole={faults.length === 0}
        byMail={form.way === 'mail'}
      />
      {create.error !== null && <Problem error={create.error} />}
      <div className="dialog-foot">
        <button type="button" className="button" onClick={onClose}>
          {t('app.cancel')}
        </button>
        <button type="submit" className="button button-primary" disabled={create.isPending}>
          <Share2 aria-hidden size={16} />
          {create.isPending
            ? t('shares.create.busy')
            : t('shares.create.submit', { count: chosen.length, size })}
        </button>
      </div>
    </form>
  )
}

/** For how long, whether it may be kept, in which language. */
function Terms({ form, offers, change }: PartProps) {
  const { t } = useTranslation()
  return (
    <>
      <Choice
        legend={t('shares.create.valid')}
        name="valid"
        value={form.validDays}
        onChange={(validDays) => change({ validDays })}
        options={daysOffered(offers.validDays).map((days) => ({
          value: days,
          text: t('shares.create.days', { count: days }),
        }))}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={form.downloads}
          onChange={({ target }) => change({ downloads: target.checked })}
        />
        {t('shares.create.downloads')}
      </label>
      <Choice
        legend={t('shares.create.language')}
        name="language"
        value={form.language}
        onChange={(language) => change({ language })}
        options={[
          { value: 'nl', text: t('shares.create.dutch') },
          { value: 'en', text: t('shares.create.english') },
        ]}
      />
    </>
  )
}
