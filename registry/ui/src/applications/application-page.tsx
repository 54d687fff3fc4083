import { useQueryClient } from '@tanstack/react-query'
import { formatInstant, Problem, Skeleton } from '@twiin/ui-kit'
import { ArrowLeft, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { api } from '../api.ts'
import type { Application } from '../api-types.ts'
import { Title } from '../frame/title.tsx'
import { MessageThread } from '../parts/message-thread.tsx'
import { ProgressSteps } from '../parts/progress-steps.tsx'
import { ApplicationBadge } from '../parts/state-badges.tsx'
import { useApplications } from '../queries.ts'
import { keys } from '../query-keys.ts'
import { useMayAct } from '../session.ts'
import { ApplicationFacts, Contacts } from './application-facts.tsx'
import { CheckList } from './check-list.tsx'
import { Decision } from './decision.tsx'

/** One application: what is claimed and checked on the left, what is decided and said on the right. */
export function ApplicationPage() {
  const { t } = useTranslation()
  const { id } = useParams()
  const client = useQueryClient()
  const { data, error, refetch } = useApplications()
  const application = data?.find((one) => one.id === id)
  const put = (changed: Application) =>
    client.setQueryData<Application[]>(keys.applications, (all) =>
      all?.map((one) => (one.id === changed.id ? changed : one)),
    )
  const back = (
    <Link to="/beheer/aanvragen" className="back">
      <ArrowLeft aria-hidden size={16} />
      {t('applications.back')}
    </Link>
  )
  if (application === undefined)
    return (
      <>
        {back}
        <Title title={t('applications.title')} />
        {error !== null && <Problem error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <Skeleton rows={8} />}
        {data !== undefined && <p>{t('applications.notFound')}</p>}
      </>
    )
  return (
    <>
      {back}
      <Title title={application.organisation}>
        <ApplicationBadge state={application.state} />
      </Title>
      <Voided application={application} />
      <div className="detail">
        <div className="stack">
          <ApplicationFacts application={application} />
          <CheckList application={application} />
          <Contacts contacts={application.contacts} />
        </div>
        <div className="stack">
          <Decision application={application} onChanged={put} />
          <section className="card stack" aria-labelledby="progress">
            <h2 id="progress">{t('application.progress')}</h2>
            <ProgressSteps application={application} />
          </section>
          <Messages application={application} onChanged={put} />
        </div>
      </div>
    </>
  )
}

function Messages(props: { application: Application; onChanged: (changed: Application) => void }) {
  const { t } = useTranslation()
  const mayAct = useMayAct()
  const { application, onChanged } = props
  const send = async (text: string) => onChanged(await api.message(application.id, text))
  return (
    <section className="card stack" aria-labelledby="messages">
      <h2 id="messages">{t('application.messages')}</h2>
      <MessageThread
        messages={application.messages}
        reader="registry"
        label={t('application.write')}
        hint={t('application.writeHint')}
        submit={t('application.sendMessage')}
        onSend={mayAct ? send : undefined}
      />
    </section>
  )
}

/** A change after an approval: who has to look again, and why. */
function Voided({ application: { voided = [], state } }: { application: Application }) {
  const { t, i18n } = useTranslation()
  if (voided.length === 0 || state !== 'open') return null
  const who = voided
    .map(({ by = '', at }) => t('application.voidedBy', { by, at: formatInstant(at, i18n.language) }))
    .join('; ')
  return (
    <p className="notice notice-warning">
      <TriangleAlert aria-hidden size={18} />
      <span>{t('application.voided', { count: voided.length, who })}</span>
    </p>
  )
}
