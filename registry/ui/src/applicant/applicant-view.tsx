import { say } from '@twiin/ui-kit'
import { CircleCheck, CircleX, Info, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { applicantApi } from '../api.ts'
import type { Application } from '../api-types.ts'
import { ApplicationFacts, Contacts } from '../applications/application-facts.tsx'
import { ApplicationForm } from '../apply/application-form.tsx'
import { valuesOf } from '../apply/form-values.ts'
import { MessageThread } from '../parts/message-thread.tsx'
import { ProgressSteps } from '../parts/progress-steps.tsx'
import { useReasonText } from '../parts/reason-text.ts'

interface Props {
  application: Application
  api: ReturnType<typeof applicantApi>
  onChanged: () => void
}

/** What became of an application, what was said about it, and the way to change it. */
export function ApplicantView({ application, api, onChanged }: Props) {
  const { t } = useTranslation()
  const [isChanging, setIsChanging] = useState(false)
  const { organisation, state, fingerprint } = application
  if (isChanging)
    return (
      <>
        <h2>{t('apply.changeTitle')}</h2>
        {application.approvals.length > 0 && <p className="notice notice-warning">{t('apply.changeNote')}</p>}
        <ApplicationForm
          initial={valuesOf(application)}
          fingerprint={fingerprint}
          submit={t('apply.change')}
          onSend={api.change}
          onSent={() => {
            say({ text: t('status.changed'), tone: 'done' })
            setIsChanging(false)
            onChanged()
            scrollTo(0, 0)
          }}
          onCancel={() => setIsChanging(false)}
        />
      </>
    )
  return (
    <>
      <p className="subject">{organisation}</p>
      <Standing application={application} />
      <section className="card stack" aria-labelledby="progress">
        <h2 id="progress">{t('status.progress')}</h2>
        <ProgressSteps application={application} />
      </section>
      <section className="card stack" aria-labelledby="messages">
        <h2 id="messages">{t('status.messages')}</h2>
        <MessageThread
          messages={application.messages}
          reader="applicant"
          label={t('status.reply')}
          submit={t('status.send')}
          onSend={async (text) => {
            await api.say(text)
            onChanged()
          }}
        />
      </section>
      <ApplicationFacts application={application} />
      <Contacts contacts={application.contacts} />
      {state === 'open' && (
        <div>
          <button type="button" className="button" onClick={() => setIsChanging(true)}>
            {t('status.change')}
          </button>
        </div>
      )}
    </>
  )
}

/** The one sentence that an applicant comes for. */
function Standing({ application }: { application: Application }) {
  const { state, reason, voided = [], progress, fingerprint } = application
  const { t } = useTranslation()
  const reasonText = useReasonText()
  const exchanges = progress.some(({ step, at }) => step === 'exchanging' && at !== undefined)
  if (state === 'open')
    return (
      <>
        {fingerprint === undefined && (
          <Warning text={t('status.keyMissing', { change: t('status.change') })} />
        )}
        {voided.length > 0 && <Warning text={t('status.voided')} />}
      </>
    )
  const look = {
    approved: {
      icon: CircleCheck,
      className: 'notice verdict-good',
      title: t(exchanges ? 'status.exchangingTitle' : 'status.approvedTitle'),
      text: exchanges ? '' : t('status.approvedText'),
    },
    rejected: {
      icon: CircleX,
      className: 'notice notice-error',
      title: t('status.rejected'),
      text: t('status.rejectedText', { reason: reasonText(reason ?? 'unspecified') }),
    },
    superseded: {
      icon: Info,
      className: 'notice notice-wait',
      title: t('status.superseded'),
      text: t('status.supersededText'),
    },
  }[state]
  return (
    <div className={look.className}>
      <look.icon aria-hidden size={22} />
      <div>
        <strong>{look.title}</strong>
        {look.text !== '' && <p>{look.text}</p>}
      </div>
    </div>
  )
}

function Warning({ text }: { text: string }) {
  return (
    <p className="notice notice-warning">
      <TriangleAlert aria-hidden size={20} />
      <span>{text}</span>
    </p>
  )
}
